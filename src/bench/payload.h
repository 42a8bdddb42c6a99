// Payload is an endless run of bytes that exist nowhere else: what deduplicates or caches finds
// nothing to spare but what was asked for.
//
// A place in it always holds the same byte, so that what comes back can be compared.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace holdfast::bench {

class Payload {
 public:
  // `compressible`: the share that a compressor can take away, from 0 to 1. A little noise stays
  // at any share, which keeps runs of different seeds apart.
  Payload(std::uint64_t seed, double compressible);

  // Fills `into` with the bytes from `offset` on. Some gigabytes a second.
  void read(std::uint64_t offset, MutableByteView into) const;

  // Whether `bytes` are what lies at `offset`.
  bool holds(std::uint64_t offset, ByteView bytes) const;

 private:
  std::uint64_t seed_;
  std::size_t noise_words_;  // Of each cell; the rest of it is text.
};

// A seed for each `number` of a run.
std::uint64_t mix_seed(std::uint64_t run, std::uint64_t number);

}  // namespace holdfast::bench
