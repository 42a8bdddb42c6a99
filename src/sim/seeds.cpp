#include "sim/seeds.h"

#include "base/check.h"
#include "base/number.h"

#include <cstdlib>
#include <numeric>

namespace holdfast::sim {

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* given = std::getenv("HOLDFAST_SEED")) {
    const auto seed = parse_number<std::uint64_t>(given);
    check(seed.has_value(), "HOLDFAST_SEED is a number");
    return {*seed};
  }
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), std::uint64_t{1});
  return all;
}

}  // namespace holdfast::sim
