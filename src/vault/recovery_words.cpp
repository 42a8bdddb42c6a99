#include "vault/recovery_words.h"

#include "codec/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace holdfast::vault {
namespace {

constexpr std::size_t bits_per_word = 11;
constexpr std::array<std::string_view, 1 << bits_per_word> words = {
#include "vault/words.inc"
};
static_assert(std::ranges::is_sorted(words) && !words.back().empty());

// Entropy and the checksum byte after it: 264 bits, which are 24 words exactly.
constexpr std::size_t coded_bytes = codec::SecretKey::size + 1;
static_assert(coded_bytes * 8 == recovery_word_count * bits_per_word);

std::byte checksum_of(ByteView entropy) {
  return codec::Sha256::of(entropy).front();
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// The next word of `text`, which moves past it; empty at the end.
std::string_view take_word(std::string_view& text) {
  constexpr std::string_view white_space = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(white_space));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::size_t> number_of(std::string_view word) {
  const auto less = [](std::string_view one, std::string_view other) {
    return std::ranges::lexicographical_compare(one, other, {}, {}, lower);
  };
  const auto found = std::lower_bound(words.begin(), words.end(), word, less);
  const bool is_it = found != words.end() && std::ranges::equal(*found, word, {}, {}, lower);
  if (!is_it) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

std::string to_recovery_words(const codec::SecretKey& entropy) {
  std::string text;
  // Room for the longest words, so that no shorter copy is left behind in freed memory.
  text.reserve(recovery_word_count * 9);
  std::uint32_t bits = 0;
  std::size_t count = 0;
  const auto put = [&](std::byte byte) {
    bits = (bits << 8) | std::to_integer<std::uint32_t>(byte);
    count += 8;
    if (count < bits_per_word) return;
    count -= bits_per_word;
    if (!text.empty()) text += ' ';
    text += words[(bits >> count) % words.size()];
  };
  for (const std::byte byte : entropy.view()) put(byte);
  put(checksum_of(entropy.view()));
  return text;
}

Result<codec::SecretKey> from_recovery_words(std::string_view text) {
  codec::SecretKey entropy;
  std::byte checksum{};
  std::uint32_t bits = 0;
  std::size_t bit_count = 0;
  std::size_t filled = 0;
  for (std::size_t place = 1; place <= recovery_word_count; ++place) {
    const std::string_view word = take_word(text);
    if (word.empty()) {
      return fail(ErrorCode::invalid,
                  fmt::format("recovery words: {} instead of {}", place - 1, recovery_word_count));
    }
    const auto number = number_of(word);
    if (!number) {
      return fail(ErrorCode::invalid,
                  fmt::format("recovery words: word {} is not one of the list", place));
    }
    bits = (bits << bits_per_word) | static_cast<std::uint32_t>(*number);
    for (bit_count += bits_per_word; bit_count >= 8; ++filled) {
      bit_count -= 8;
      const auto byte = static_cast<std::byte>(bits >> bit_count);
      (filled < codec::SecretKey::size ? entropy.writable()[filled] : checksum) = byte;
    }
  }
  if (!take_word(text).empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("recovery words: more than {}", recovery_word_count));
  }
  if (checksum != checksum_of(entropy.view())) {
    return fail(ErrorCode::invalid,
                "recovery words: the checksum is wrong; a word is another, or their order");
  }
  return entropy;
}

}  // namespace holdfast::vault
