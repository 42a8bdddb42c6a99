// Numbers that somebody wrote in digits.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace holdfast {

// The number that the whole of `text` is, in digits of that base and, where `Number` is signed,
// with a minus; nothing when a character is none of these (a space, a plus), when there is no
// digit, or when the number does not fit.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace holdfast
