#include "wire/reader.h"

#include <fmt/format.h>

namespace holdfast::wire {

Result<std::uint64_t> Reader::take_varint(std::uint64_t max) {
  std::uint64_t value = 0;
  std::size_t at = position_;
  for (unsigned shift = 0;; shift += 7) {
    if (at == bytes_.size()) {
      return fail(ErrorCode::corrupt, fmt::format("number at byte {} is cut short", position_));
    }
    const auto byte = std::to_integer<std::uint64_t>(bytes_[at++]);
    // The tenth byte has room for one bit only.
    if (shift == 63 && byte > 1) {
      return fail(ErrorCode::corrupt, fmt::format("number at byte {} is too long", position_));
    }
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte == 0 && shift > 0) {
        return fail(ErrorCode::corrupt, fmt::format("number at byte {} is padded", position_));
      }
      break;
    }
  }
  if (value > max) {
    return fail(ErrorCode::corrupt,
                fmt::format("number at byte {} is {}, at most {} expected", position_, value, max));
  }
  position_ = at;
  return value;
}

Result<ByteView> Reader::take_raw(std::size_t size) {
  if (size > bytes_.size() - position_) {
    return fail(ErrorCode::corrupt, fmt::format("{} bytes wanted at byte {}, {} left", size,
                                                position_, bytes_.size() - position_));
  }
  const ByteView view = bytes_.subspan(position_, size);
  position_ += size;
  return view;
}

Result<ByteView> Reader::take_bytes(std::size_t size_max) {
  const std::size_t start = position_;
  TRY_LET(const std::uint64_t size, take_varint(size_max));
  auto view = take_raw(size);
  if (!view) position_ = start;
  return view;
}

Result<std::string> Reader::take_text(std::size_t size_max) {
  TRY_LET(const ByteView view, take_bytes(size_max));
  return std::string(as_text(view));
}

Result<std::size_t> Reader::take_count(std::size_t element_bytes_min) {
  const std::size_t start = position_;
  TRY_LET(const std::uint64_t count, take_varint());
  if (count > (bytes_.size() - position_) / element_bytes_min) {
    position_ = start;
    return fail(ErrorCode::corrupt,
                fmt::format("{} elements at byte {} cannot fit into what follows", count, start));
  }
  return std::size_t{count};
}

Result<void> Reader::finish() const {
  if (!is_at_end()) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} bytes left over from byte {} on", rest().size(), position_));
  }
  return {};
}

}  // namespace holdfast::wire
