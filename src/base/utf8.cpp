#include "base/utf8.h"

#include <array>

namespace holdfast {
namespace {

constexpr char32_t code_max = 0x10ffff;
// The least code that needs so many bytes.
constexpr std::array<char32_t, 5> code_min{0, 0, 0x80, 0x800, 0x10000};

std::size_t bytes_after(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc0) return 0;  // It goes on with a character that it does not begin.
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf8 ? 4 : 0;
}

bool is_surrogate(char32_t code) {
  return code >= 0xd800 && code <= 0xdfff;
}

}  // namespace

std::optional<Character> first_character(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = bytes_after(lead);
  if (bytes == 1) return Character{lead, 1};
  if (bytes == 0 || text.size() < bytes) return std::nullopt;
  char32_t code = lead & (0x7fU >> bytes);
  for (const char c : text.substr(1, bytes - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    code = code << 6 | (byte & 0x3fU);
  }
  if (code < code_min[bytes] || code > code_max || is_surrogate(code)) return std::nullopt;
  return Character{code, bytes};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character) return false;
    text.remove_prefix(character->bytes);
  }
  return true;
}

}  // namespace holdfast
