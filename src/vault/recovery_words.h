// Recovery words: 256 random bits and 8 bits of checksum, written as 24 English words (BIP-39), so
// that people can keep them on paper.
#pragma once

#include "base/result.h"
#include "codec/secret.h"

#include <string>
#include <string_view>

namespace holdfast::vault {

inline constexpr std::size_t recovery_word_count = 24;

// The words, with a space between each and the next. They are the secret itself: show them once,
// then wipe the text.
std::string to_recovery_words(const codec::SecretKey& entropy);

// Takes the words in either case with any white space around them. Fails with `invalid`, naming
// what is wrong: their number, a word that is not in the list (by its place, not by its letters),
// or the checksum, which finds 255 of 256 mistakes with words that are.
Result<codec::SecretKey> from_recovery_words(std::string_view text);

}  // namespace holdfast::vault
