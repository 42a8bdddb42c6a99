// The table that a chunker rolls over: one secret 64-bit number for each value of a byte. Where
// data is cut depends on it, so each vault has its own; otherwise the sizes of chunks would tell an
// outsider which well-known files are stored.
#pragma once

#include "codec/secret.h"

#include <array>
#include <cstdint>

namespace holdfast::codec {

// Made once for a vault and shared by its chunkers. Never changes; wiped at its end.
class GearTable {
 public:
  // The numbers are the first 2,048 bytes of the extended output of keyed BLAKE3 under `key` over
  // the text "holdfast gear v1", read as little-endian.
  explicit GearTable(const SecretKey& key);
  ~GearTable();

  GearTable(const GearTable&) = delete;
  GearTable& operator=(const GearTable&) = delete;

  const std::array<std::uint64_t, 256>& numbers() const { return numbers_; }
  // The same numbers times two, for steps of two bytes.
  const std::array<std::uint64_t, 256>& doubled() const { return doubled_; }

 private:
  std::array<std::uint64_t, 256> numbers_;
  std::array<std::uint64_t, 256> doubled_;
};

}  // namespace holdfast::codec
