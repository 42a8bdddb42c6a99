#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace holdfast::bench {

// Values below row_size have a bucket each. Above, the leading row_bits + 1 bits of a value tell
// its bucket: the first of them, which is set, the row.
std::size_t Histogram::bucket_of(std::uint64_t nanoseconds) {
  if (nanoseconds < row_size) return nanoseconds;
  const auto shift = static_cast<unsigned>(std::bit_width(nanoseconds)) - row_bits - 1;
  return shift * row_size + (nanoseconds >> shift);
}

// The largest value that falls into `bucket`.
std::uint64_t Histogram::end_of(std::size_t bucket) {
  if (bucket < 2 * row_size) return bucket;
  const std::size_t shift = bucket / row_size - 1;
  const std::uint64_t leading = row_size + bucket % row_size;
  return ((leading + 1) << shift) - 1;
}

void Histogram::add(Duration duration) {
  constexpr Duration limit((std::int64_t{1} << value_bits) - 1);
  const Duration kept = std::clamp(duration, Duration::zero(), limit);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(kept.count()))];
  ++count_;
  max_ = std::max(max_, kept);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

Duration Histogram::quantile(double quantile) const {
  if (count_ == 0) return {};
  const double wanted = std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(Duration(static_cast<Duration::rep>(end_of(i))), max_);
  }
  return max_;
}

}  // namespace holdfast::bench
