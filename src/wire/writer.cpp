#include "wire/writer.h"

namespace holdfast::wire {

void Writer::put_fixed(std::uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) {
    bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
}

void Writer::put_varint(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<std::byte>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<std::byte>(value));
}

void Writer::put_bytes(ByteView bytes) {
  put_varint(bytes.size());
  put_raw(bytes);
}

}  // namespace holdfast::wire
