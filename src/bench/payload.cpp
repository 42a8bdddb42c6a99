#include "bench/payload.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace holdfast::bench {
namespace {

constexpr std::size_t cell_words = 32;
constexpr std::size_t cell_bytes = cell_words * sizeof(std::uint64_t);
constexpr std::size_t noise_words_min = 2;
constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;

using Cell = std::array<std::uint64_t, cell_words>;

// The finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
// generators", 2014). Of a counter, so that the words of a cell are computed side by side.
std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

Cell make_text() {
  constexpr std::string_view line = "2025-01-01T00:00:00Z INFO a line as logs and tables have it; ";
  std::array<char, cell_bytes> text;
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = line[i % line.size()];
  Cell cell;
  std::memcpy(cell.data(), text.data(), text.size());
  return cell;
}

}  // namespace

std::uint64_t mix_seed(std::uint64_t run, std::uint64_t number) {
  return mixed(run + mixed(number + golden));
}

Payload::Payload(std::uint64_t seed, double compressible)
    : seed_(seed),
      noise_words_(
          std::clamp(static_cast<std::size_t>(std::lround((1 - compressible) * double{cell_words})),
                     noise_words_min, cell_words)) {}

void Payload::read(std::uint64_t offset, MutableByteView into) const {
  static const Cell text = make_text();
  Cell cell = text;
  std::uint64_t number = offset / cell_bytes;
  std::size_t skipped = offset % cell_bytes;
  while (!into.empty()) {
    const std::uint64_t first = seed_ + golden * (number * cell_words);
    for (std::size_t i = 0; i < noise_words_; ++i) cell[i] = mixed(first + golden * i);
    const std::size_t size = std::min(into.size(), cell_bytes - skipped);
    std::memcpy(into.data(), std::as_bytes(std::span(cell)).data() + skipped, size);
    into = into.subspan(size);
    skipped = 0;
    ++number;
  }
}

bool Payload::holds(std::uint64_t offset, ByteView bytes) const {
  std::array<std::byte, 16 * kib> expected;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), expected.size());
    read(offset, MutableByteView(expected).first(size));
    if (std::memcmp(expected.data(), bytes.data(), size) != 0) return false;
    bytes = bytes.subspan(size);
    offset += size;
  }
  return true;
}

}  // namespace holdfast::bench
