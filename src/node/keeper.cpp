#include "node/keeper.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

constexpr auto between_rounds = 1h;
constexpr Duration upload_age_max = 7 * 24h;

}  // namespace

// A wait that can be ended early.
class Keeper::Pause {
 public:
  explicit Pause(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  Task<void> wait() {
    timer_.expires_after(between_rounds);
    (void)co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  void end() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

Keeper::Keeper(boost::asio::any_io_executor executor, env::Clock& clock, Services& services)
    : executor_(std::move(executor)),
      clock_(clock),
      services_(services),
      pause_(std::make_unique<Pause>(executor_)) {
  tasks_.spawn(executor_, run());
}

Keeper::~Keeper() = default;

Task<void> Keeper::stop() {
  is_ending_ = true;
  pause_->end();
  co_await tasks_.join();
}

Task<void> Keeper::run() {
  for (;;) {
    co_await pause_->wait();
    if (is_ending_) co_return;
    co_await work();
  }
}

Task<void> Keeper::work() {
  const WallTime before{clock_.wall_now().since_epoch - upload_age_max};
  if (const auto aborted = co_await services_.catalog.abort_stale_uploads(before); !aborted) {
    log::warning("stale uploads could not be aborted: {}", aborted.error().context());
  }
  if (const auto freed = co_await services_.vault.collect(services_.catalog); !freed) {
    log::warning("garbage could not be collected: {}", freed.error().context());
  } else if (*freed > 0) {
    log::info("freed {} bytes of what was removed", *freed);
  }
}

}  // namespace holdfast::node
