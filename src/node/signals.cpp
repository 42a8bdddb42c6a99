#include "node/signals.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>

namespace holdfast::node {

class Signals::Impl {
 public:
  explicit Impl(const boost::asio::any_io_executor& executor)
      : set_(executor, SIGTERM, SIGINT, SIGHUP) {}

  boost::asio::signal_set set_;
};

Signals::Signals(boost::asio::any_io_executor executor) : impl_(std::make_unique<Impl>(executor)) {}

Signals::~Signals() = default;

Task<Signal> Signals::next() {
  const auto [error, number] =
      co_await impl_->set_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return !error && number == SIGHUP ? Signal::reload : Signal::end;
}

void Signals::end_at_once_on_next() {
  impl_->set_.clear();  // Which gives the signals their usual effect back.
}

}  // namespace holdfast::node
