#include "env/linux/clock.h"

#include "base/sync.h"
#include "env/linux/descriptor.h"
#include "env/linux/system_error.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <map>

namespace holdfast::env::linux {
namespace asio = boost::asio;
namespace {

constexpr Duration second = std::chrono::seconds(1);

Duration read_clock(clockid_t clock) {
  timespec time{};
  (void)clock_gettime(clock, &time);  // Cannot fail for these clocks.
  return time.tv_sec * second + Duration(time.tv_nsec);
}

}  // namespace

// One kernel timer, set for the earliest of all that sleep. Asio's own timers stand still while the
// machine is suspended, and leases do not.
class Clock::Alarm : public std::enable_shared_from_this<Alarm> {
 public:
  Alarm(const asio::any_io_executor& loop, Descriptor timer) : timer_(loop, timer.release()) {}

  Task<void> sleep_until(Instant wake) {
    Sleeper sleeper(*this, wake);
    co_await sleeper.due.wait();
  }

  void listen() {
    timer_.async_wait(asio::posix::descriptor_base::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& failure) {
                        if (failure) return;
                        self->ring();
                        self->listen();
                      });
  }

  void close() { timer_.close(); }

 private:
  struct Sleeper {
    Sleeper(Alarm& of, Instant wake) : alarm(of), place(of.sleepers_.emplace(wake, this)) {
      alarm.set();
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    ~Sleeper() { alarm.sleepers_.erase(place); }

    Alarm& alarm;
    std::multimap<Instant, Sleeper*>::iterator place;
    Event due;
  };

  void ring() {
    std::uint64_t times = 0;
    (void)!::read(timer_.native_handle(), &times, sizeof times);  // Only re-arms the wait.
    set_for_ = {};
    const Instant now{read_clock(CLOCK_BOOTTIME)};
    for (auto sleeper = sleepers_.begin(); sleeper != sleepers_.end() && sleeper->first <= now;
         ++sleeper) {
      sleeper->second->due.set();
    }
    set();
  }

  // Those already woken are still listed until they run.
  void set() {
    auto next = sleepers_.begin();
    while (next != sleepers_.end() && next->second->due.is_set()) ++next;
    if (next == sleepers_.end()) return;
    if (set_for_ != Instant() && set_for_ <= next->first) return;
    set_for_ = std::max(next->first, Instant{Duration(1)});  // Zero would disarm it.
    itimerspec time{};
    time.it_value.tv_sec = set_for_.since_start / second;
    time.it_value.tv_nsec = (set_for_.since_start % second).count();
    (void)timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME, &time, nullptr);
  }

  asio::posix::stream_descriptor timer_;
  std::multimap<Instant, Sleeper*> sleepers_;
  Instant set_for_;  // When the kernel timer rings; zero: it is not set.
};

Result<std::unique_ptr<Clock>> Clock::open(asio::any_io_executor loop) {
  Descriptor timer(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer.is_open()) return system_failure(errno, "create a timer");
  auto alarm = std::make_shared<Alarm>(loop, std::move(timer));
  alarm->listen();
  return std::unique_ptr<Clock>(new Clock(std::move(alarm)));
}

Clock::Clock(std::shared_ptr<Alarm> alarm) : alarm_(std::move(alarm)) {}

Clock::~Clock() {
  alarm_->close();
}

Instant Clock::now() const {
  return {read_clock(CLOCK_BOOTTIME)};
}

WallTime Clock::wall_now() const {
  return {read_clock(CLOCK_REALTIME)};
}

Task<void> Clock::sleep_until(Instant wake) {
  // The frame keeps the alarm, which so outlives the clock for whoever is abandoned asleep.
  const std::shared_ptr<Alarm> alarm = alarm_;
  if (wake > now()) co_await alarm->sleep_until(wake);
}

}  // namespace holdfast::env::linux
