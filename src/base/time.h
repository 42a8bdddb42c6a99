// Points and spans of time, without a clock. Clocks are in env/clock.h.
#pragma once

#include <chrono>

namespace holdfast {

using Duration = std::chrono::nanoseconds;

// A reading of one machine's monotonic clock; comparable only with others of that clock.
struct Instant {
  Duration since_start{};

  auto operator<=>(const Instant&) const = default;
};

constexpr Instant operator+(Instant at, Duration span) {
  return {at.since_start + span};
}
constexpr Instant operator-(Instant at, Duration span) {
  return {at.since_start - span};
}
constexpr Duration operator-(Instant later, Instant earlier) {
  return later.since_start - earlier.since_start;
}

// What a calendar shows, since 1970-01-01 UTC. For people and protocols; nothing is ordered by it.
struct WallTime {
  Duration since_epoch{};

  auto operator<=>(const WallTime&) const = default;
};

}  // namespace holdfast
