#include "sim/seeds.h"

#include "base/check.h"

#include <charconv>
#include <cstdlib>
#include <numeric>
#include <string_view>

namespace holdfast::sim {

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* given = std::getenv("HOLDFAST_SEED")) {
    const std::string_view text = given;
    const char* const end = text.data() + text.size();
    std::uint64_t seed = 0;
    const auto parsed = std::from_chars(text.data(), end, seed);
    check(parsed.ec == std::errc() && parsed.ptr == end, "HOLDFAST_SEED is a number");
    return {seed};
  }
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), std::uint64_t{1});
  return all;
}

}  // namespace holdfast::sim
