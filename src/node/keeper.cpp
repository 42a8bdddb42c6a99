#include "node/keeper.h"

#include "base/log.h"
#include "base/memory.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 5s;
constexpr unsigned looks_each_round = 1h / between_looks;
constexpr unsigned looks_when_full = 1min / between_looks;
constexpr Duration upload_age_max = 7 * 24h;

}  // namespace

// A wait that can be ended early.
class Keeper::Pause {
 public:
  explicit Pause(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  Task<void> wait() {
    timer_.expires_after(between_looks);
    (void)co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  void end() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

Keeper::Keeper(boost::asio::any_io_executor executor, env::Clock& clock, Services& services,
               StartRoom& start_room, Activity activity)
    : executor_(std::move(executor)),
      clock_(clock),
      services_(services),
      start_room_(start_room),
      activity_(std::move(activity)),
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
  for (unsigned looks = 1;; ++looks) {
    co_await pause_->wait();
    if (is_ending_) co_return;
    co_await start_room_.keep();
    if (looks % looks_each_round == 0 || is_waited_for(looks)) co_await work();
    co_await rest_if_idle();
  }
}

// Writes are refused, and something was asked for since the last round, so that room may have
// become free.
bool Keeper::is_waited_for(unsigned looks) const {
  return looks % looks_when_full == 0 && services_.vault.is_read_only() &&
         activity_() != activity_served_;
}

// Once in each time of rest.
Task<void> Keeper::rest_if_idle() {
  const std::uint64_t activity = activity_();
  if (activity != std::exchange(activity_seen_, activity)) {
    has_rested_ = false;
    co_return;
  }
  if (std::exchange(has_rested_, true)) co_return;
  if (const auto rested = co_await services_.vault.rest(); !rested) {
    log::warning("the log stays as long as it is: {}", rested.error().context());
  }
  release_memory();
}

Task<void> Keeper::work() {
  activity_served_ = activity_();
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
