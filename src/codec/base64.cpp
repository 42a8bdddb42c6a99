#include "codec/base64.h"

#include <array>
#include <cstdint>

namespace holdfast::codec {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char padding = '=';
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// The first `count` bytes of a group of three.
void append_group(std::string& text, std::uint32_t group, std::size_t count) {
  for (std::size_t i = 0; i < 4; ++i) {
    text.push_back(i <= count ? alphabet[(group >> (18 - 6 * i)) & 63] : padding);
  }
}

}  // namespace

std::string to_base64(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes = bytes.subspan(std::min<std::size_t>(3, bytes.size()))) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size());
    for (std::size_t i = 0; i < count; ++i) {
      group |= std::to_integer<std::uint32_t>(bytes[i]) << (16 - 8 * i);
    }
    append_group(text, group, count);
  }
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(ErrorCode::invalid, "base64: not groups of four");
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    const std::size_t padded = !last || text[at + 3] != padding ? 0
                               : text[at + 2] != padding        ? 1
                                                                : 2;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4 - padded; ++i) {
      const std::uint8_t value = digit_values[static_cast<unsigned char>(text[at + i])];
      if (value == no_digit) return fail(ErrorCode::invalid, "base64: not a digit of it");
      group |= std::uint32_t{value} << (18 - 6 * i);
    }
    for (std::size_t i = 0; i < 3 - padded; ++i) {
      bytes.push_back(static_cast<std::byte>((group >> (16 - 8 * i)) & 0xff));
    }
    if ((group & ((1U << (8 * padded)) - 1)) != 0) {
      return fail(ErrorCode::invalid, "base64: unused bits are set");
    }
  }
  return bytes;
}

}  // namespace holdfast::codec
