// The machine's clocks: CLOCK_BOOTTIME, which counts suspended time, and CLOCK_REALTIME.
#pragma once

#include "base/result.h"
#include "env/clock.h"

#include <memory>

namespace holdfast::env::linux {

class Clock final : public env::Clock {
 public:
  // `loop` runs whoever sleeps, and must outlive the clock. Fails with `io` or `unavailable`.
  static Result<std::unique_ptr<Clock>> open(boost::asio::any_io_executor loop);
  ~Clock() override;

  Instant now() const override;
  WallTime wall_now() const override;

  // From the loop only.
  Task<void> sleep_until(Instant wake) override;

 private:
  class Alarm;

  explicit Clock(std::shared_ptr<Alarm> alarm);

  std::shared_ptr<Alarm> alarm_;
};

}  // namespace holdfast::env::linux
