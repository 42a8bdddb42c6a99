// Unpredictable to the program, repeatable for the test: the same seed draws the same bytes.
#pragma once

#include "base/time.h"
#include "env/random.h"

#include <cstdint>

namespace holdfast::sim {

class Random final : public env::Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  void fill(MutableByteView into) override;

  std::uint64_t next();

  // From 0 to `bound` - 1; `bound` is at least 1. Its bias is too small to matter here.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  // From `least` to `most`, both included.
  Duration between(Duration least, Duration most);

  // True with this probability, from 0 to 1.
  bool chance(double probability);

 private:
  std::uint64_t state_;
};

}  // namespace holdfast::sim
