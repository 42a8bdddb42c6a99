#include "codec/gear.h"

#include "codec/blake3.h"

#include <bit>

namespace holdfast::codec {

GearTable::GearTable(const SecretKey& key) {
  static_assert(std::endian::native == std::endian::little);
  const MutableByteView numbers = std::as_writable_bytes(std::span(numbers_));
  Blake3::keyed(key).update(as_bytes("holdfast gear v1")).finish(numbers);
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    doubled_[i] = numbers_[i] << 1;
  }
}

GearTable::~GearTable() {
  wipe(std::as_writable_bytes(std::span(numbers_)));
  wipe(std::as_writable_bytes(std::span(doubled_)));
}

}  // namespace holdfast::codec
