#include "node/signals.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdlib>

namespace holdfast::node {

struct Signals::Impl {
  explicit Impl(const boost::asio::any_io_executor& executor)
      : set(executor, SIGTERM, SIGINT, SIGHUP), last(executor) {}

  boost::asio::signal_set set;
  boost::asio::steady_timer last;
};

Signals::Signals(boost::asio::any_io_executor executor) : impl_(std::make_unique<Impl>(executor)) {}

Signals::~Signals() = default;

Task<Signal> Signals::next() {
  const auto [error, number] =
      co_await impl_->set.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return !error && number == SIGHUP ? Signal::reload : Signal::end;
}

void Signals::end_at_once_on_next() {
  impl_->set.clear();  // Which gives the signals their usual effect back.
}

void Signals::end_after(Duration patience) {
  impl_->last.expires_after(patience);
  impl_->last.async_wait([](boost::system::error_code stopped) {
    if (stopped) return;
    log::warning("not everything came to its end in time; the next start takes it up");
    std::_Exit(EXIT_SUCCESS);
  });
}

}  // namespace holdfast::node
