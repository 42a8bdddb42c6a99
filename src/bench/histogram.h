// Histogram keeps how often each duration occurred, to within 1.6 % of it, in constant memory: one
// row of buckets for each power of two, as HdrHistogram has them.
#pragma once

#include "base/time.h"

#include <array>
#include <cstdint>

namespace holdfast::bench {

class Histogram {
 public:
  // Below zero counts as zero, beyond four days as four days.
  void add(Duration duration);
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  Duration max() const { return max_; }  // Exact.

  // The duration that the share `quantile` (0 to 1) of all did not exceed; zero if there are none.
  Duration quantile(double quantile) const;

 private:
  static constexpr unsigned row_bits = 6;
  static constexpr std::size_t row_size = std::size_t{1} << row_bits;
  static constexpr unsigned value_bits = 48;  // Nanoseconds.
  static constexpr std::size_t bucket_count = (value_bits - row_bits + 1) * row_size;

  static std::size_t bucket_of(std::uint64_t nanoseconds);
  static std::uint64_t end_of(std::size_t bucket);

  std::array<std::uint64_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
  Duration max_{};
};

}  // namespace holdfast::bench
