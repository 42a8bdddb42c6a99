// UTF-8 as RFC 3629 has it: without overlong forms, surrogates, or what lies beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace holdfast {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;  // Of its UTF-8.
};

// What `text` begins with. Nothing where that is no character, or where there is no text.
std::optional<Character> first_character(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace holdfast
