// Coordination: who owns what, agreed on. A few small rows that change by compare-and-swap.
//
// On one machine, where the process that holds the data folder's lock is alone, the rows live in a
// register on every slot (grid/embedded.h). Between machines they will live in etcd.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast::grid {

struct Row {
  std::uint64_t version = 0;  // Grows with each change of this row; 0: it does not exist.
  Bytes value;
};

class Coordination {
 public:
  virtual ~Coordination() = default;

  // Version 0 and no value when there is no such row.
  virtual Task<Result<Row>> get(std::string name) = 0;

  // Sets the row if its version is `expected`; returns the new version. `conflict` otherwise.
  // Durable and agreed when it returns.
  virtual Task<Result<std::uint64_t>> set(std::string name, std::uint64_t expected,
                                          Bytes value) = 0;
};

}  // namespace holdfast::grid
