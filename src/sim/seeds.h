// Which histories a test plays: those of the seeds 1 to `count`, or, where the environment names
// one in HOLDFAST_SEED, that one alone (`./dev sim SEED`).
#pragma once

#include <cstdint>
#include <vector>

namespace holdfast::sim {

std::vector<std::uint64_t> seeds(std::uint64_t count);

}  // namespace holdfast::sim
