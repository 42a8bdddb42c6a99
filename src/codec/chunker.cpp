#include "codec/chunker.h"

#include "base/check.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace holdfast::codec {
namespace {

// How much rarer, and then commoner, cuts are on either side of the normal size, as a power of two.
constexpr int normalisation = 2;

// A hash that has these bits clear is a cut. The highest bits depend on the last 64 bytes; the very
// highest is left out, because a step of two bytes has shifted it away before it is looked at.
std::uint64_t mask_of(int bits) {
  return ((std::uint64_t{1} << bits) - 1) << (63 - bits);
}

// Rolls over `count` bytes and returns the number of bytes up to and including the first cut, or 0
// if there is none. `hash` goes on where it was.
std::size_t find_cut(const GearTable& gear, std::uint64_t mask, const std::byte* bytes,
                     std::size_t count, std::uint64_t& hash) {
  const std::uint64_t* const once = gear.numbers().data();
  const std::uint64_t* const twice = gear.doubled().data();
  const std::uint64_t mask_twice = mask << 1;
  std::uint64_t rolling = hash;
  const auto* const at = reinterpret_cast<const std::uint8_t*>(bytes);
  constexpr std::size_t unrolled_bytes = 8;
  std::size_t i = 0;
  for (; i + unrolled_bytes <= count; i += unrolled_bytes) {
#pragma clang loop unroll(full)
    for (std::size_t k = i; k < i + unrolled_bytes; k += 2) {
      rolling = (rolling << 2) + twice[at[k]];
      if ((rolling & mask_twice) == 0) [[unlikely]]
        return k + 1;
      rolling += once[at[k + 1]];
      if ((rolling & mask) == 0) [[unlikely]]
        return k + 2;
    }
  }
  for (; i < count; ++i) {
    rolling = (rolling << 1) + once[at[i]];
    if ((rolling & mask) == 0) return i + 1;
  }
  hash = rolling;
  return 0;
}

}  // namespace

bool ChunkerOptions::is_valid() const {
  return std::has_single_bit(average_bytes) && average_bytes >= 256 && average_bytes <= 16 * mib &&
         min_bytes > 0 && min_bytes <= average_bytes / 2 && max_bytes > average_bytes &&
         max_bytes <= 64 * mib;
}

Chunker::Chunker(const GearTable& gear, ChunkerOptions options)
    : gear_(&gear),
      options_(options),
      // With min = average / 4 and max = average * 4, the mean size of chunks of random bytes is
      // `average` when the rarer cuts end at 27/32 of it.
      normal_bytes_(options.average_bytes - options.average_bytes / 32 * 5) {
  check(options.is_valid(), "chunk sizes are in order");
  const int bits = std::countr_zero(options.average_bytes);
  mask_before_ = mask_of(bits + normalisation);
  mask_after_ = mask_of(bits - normalisation);
}

std::optional<std::size_t> Chunker::next(ByteView more) {
  std::size_t used = 0;
  // No chunk ends inside the minimum, so its bytes need not even be looked at.
  if (length_ < options_.min_bytes) {
    used = std::min(more.size(), options_.min_bytes - length_);
    length_ += used;
  }
  const auto roll = [&](std::size_t end, std::uint64_t mask) {
    if (length_ >= end) return false;
    const std::size_t count = std::min(more.size() - used, end - length_);
    const std::size_t cut = find_cut(*gear_, mask, more.data() + used, count, hash_);
    used += cut == 0 ? count : cut;
    length_ += cut == 0 ? count : cut;
    return cut != 0;
  };
  if (roll(normal_bytes_, mask_before_) || roll(options_.max_bytes, mask_after_) ||
      length_ == options_.max_bytes) {
    restart();
    return used;
  }
  return std::nullopt;
}

void Chunker::restart() {
  hash_ = 0;
  length_ = 0;
}

}  // namespace holdfast::codec
