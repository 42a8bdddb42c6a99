#include "base/suggest.h"

#include <algorithm>
#include <vector>

namespace holdfast {
namespace {

// Optimal string alignment: each letter is part of one edit at most.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known) {
  // One mistake in a short word, one more for every four letters.
  const std::size_t mistakes_max = 1 + word.size() / 4;
  std::optional<std::string> best;
  std::size_t best_distance = mistakes_max + 1;
  for (const std::string& candidate : known) {
    const bool is_beginning = word.size() >= 2 && candidate.starts_with(word);
    const std::size_t far = is_beginning ? 1 : distance(word, candidate);
    if (far < best_distance) {
      best_distance = far;
      best = candidate;
    }
  }
  return best;
}

}  // namespace holdfast
