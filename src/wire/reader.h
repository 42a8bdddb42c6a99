// Reader takes fields one after the other from bytes that nobody vouches for, as wire/writer.h laid
// them. It never reads past the end and never allocates more than the bytes that are there.
//
// Each take_…() fails with `corrupt` when the bytes end too early or break the encoding; the reader
// then stays where it was.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"

#include <cstdint>
#include <string>

namespace holdfast::wire {

class Reader {
 public:
  // `bytes` must outlive the reader and the views that it gives out.
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  Result<std::uint8_t> take_u8() { return take_fixed<std::uint8_t>(); }
  Result<std::uint16_t> take_u16() { return take_fixed<std::uint16_t>(); }
  Result<std::uint32_t> take_u32() { return take_fixed<std::uint32_t>(); }
  Result<std::uint64_t> take_u64() { return take_fixed<std::uint64_t>(); }

  // Refuses more bytes than the value needs, so that each value has one encoding, and values above
  // `max`.
  Result<std::uint64_t> take_varint(std::uint64_t max = UINT64_MAX);

  // Exactly `size` bytes.
  Result<ByteView> take_raw(std::size_t size);

  // A byte string with its length before it, of at most `size_max` bytes.
  Result<ByteView> take_bytes(std::size_t size_max);
  Result<std::string> take_text(std::size_t size_max);

  // take_id<SegmentId>()
  template <class AnyId>
  Result<AnyId> take_id() {
    TRY_LET(const ByteView view, take_raw(AnyId::size));
    return AnyId::from(view);
  }

  // How many elements follow, each at least `element_bytes_min` long: refuses a count that cannot
  // fit into what is left, so that it is safe to reserve room for that many.
  Result<std::size_t> take_count(std::size_t element_bytes_min);

  std::size_t position() const { return position_; }
  ByteView rest() const { return bytes_.subspan(position_); }
  bool is_at_end() const { return position_ == bytes_.size(); }

  // Nothing is left over.
  Result<void> finish() const;

 private:
  template <class Number>
  Result<Number> take_fixed() {
    TRY_LET(const ByteView view, take_raw(sizeof(Number)));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      value |= std::to_integer<std::uint64_t>(view[i]) << (8 * i);
    }
    return static_cast<Number>(value);
  }

  ByteView bytes_;
  std::size_t position_ = 0;
};

}  // namespace holdfast::wire
