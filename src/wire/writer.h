// Writer lays fields end to end as bytes: the encoding of what Holdfast keeps on disk. Integers are
// little-endian, a varint is LEB128 (7 bits a byte, least significant first), and a byte string is
// its length as a varint followed by the bytes. wire/reader.h reads it back.
#pragma once

#include "base/bytes.h"
#include "base/id.h"

#include <concepts>
#include <cstdint>
#include <string_view>

namespace holdfast::wire {

class Writer {
 public:
  Writer() = default;

  // Reserves room for `size` bytes, which may be exceeded.
  explicit Writer(std::size_t size) { bytes_.reserve(size); }

  // Only the very type, so that no number changes its width unseen.
  void put_u8(std::same_as<std::uint8_t> auto value) { put_fixed(value, 1); }
  void put_u16(std::same_as<std::uint16_t> auto value) { put_fixed(value, 2); }
  void put_u32(std::same_as<std::uint32_t> auto value) { put_fixed(value, 4); }
  void put_u64(std::same_as<std::uint64_t> auto value) { put_fixed(value, 8); }
  void put_varint(std::uint64_t value);  // 1 to 10 bytes.

  void put_raw(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void put_bytes(ByteView bytes);  // With its length before it.
  void put_text(std::string_view text) { put_bytes(as_bytes(text)); }

  template <class Tag, std::size_t Size>
  void put_id(const Id<Tag, Size>& id) {
    put_raw(id.view());
  }

  void put_zeros(std::size_t count) { bytes_.resize(bytes_.size() + count); }

  std::size_t size() const { return bytes_.size(); }
  ByteView view() const { return bytes_; }
  Bytes take() && { return std::move(bytes_); }

 private:
  void put_fixed(std::uint64_t value, unsigned width);

  Bytes bytes_;
};

}  // namespace holdfast::wire
