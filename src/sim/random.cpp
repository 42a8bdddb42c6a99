#include "sim/random.h"

#include <algorithm>
#include <cstring>

namespace holdfast::sim {

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

void Random::fill(MutableByteView into) {
  while (!into.empty()) {
    const std::uint64_t number = next();
    const std::size_t size = std::min(into.size(), sizeof number);
    std::memcpy(into.data(), &number, size);
    into = into.subspan(size);
  }
}

Duration Random::between(Duration least, Duration most) {
  const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + Duration(static_cast<Duration::rep>(below(span)));
}

bool Random::chance(double probability) {
  constexpr double steps = 9007199254740992;  // 2^53
  return static_cast<double>(next() >> 11) < probability * steps;
}

}  // namespace holdfast::sim
