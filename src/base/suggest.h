// The word that somebody probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast {

// The one of `known` that is nearest to `word` by insertions, removals, replacements and swaps of
// neighbours; nothing when all are too far away to be meant. A word that another begins with is
// near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

}  // namespace holdfast
