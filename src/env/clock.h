// The passage of time. Only env/linux and sim know where it comes from.
#pragma once

#include "base/task.h"
#include "base/time.h"

namespace holdfast::env {

class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes back and goes on while the machine is suspended.
  virtual Instant now() const = 0;

  // The calendar: may jump either way.
  virtual WallTime wall_now() const = 0;

  // Returns at `wake` or shortly after; at once if that has passed.
  virtual Task<void> sleep_until(Instant wake) = 0;
};

}  // namespace holdfast::env
