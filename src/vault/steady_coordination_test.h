// Coordination for tests and benchmarks of the log.
#pragma once

#include "grid/coordination.h"

#include <map>
#include <string>
#include <utility>

namespace holdfast::vault {

// Rows that never get lost: what happens to real ones is tested with them.
class SteadyCoordination final : public grid::Coordination {
 public:
  Task<Result<grid::Row>> get(std::string name) override { co_return rows[name]; }
  Task<Result<std::uint64_t>> set(std::string name, std::uint64_t expected, Bytes value) override {
    if (rows[name].version != expected) co_return fail(ErrorCode::conflict, name);
    rows[name] = {.version = expected + 1, .value = std::move(value)};
    co_return expected + 1;
  }

  std::map<std::string, grid::Row> rows;
};

}  // namespace holdfast::vault
