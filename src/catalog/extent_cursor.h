// ExtentCursor goes through the extents of a body in order, some at a time, so that memory does not
// grow with the object.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/rows.h"
#include "env/table.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace holdfast::catalog {

// Extents end to end, and where in the object the first of them begins.
struct ExtentRun {
  std::uint64_t offset = 0;
  std::vector<vault::Extent> extents;

  std::uint64_t size() const;
};

class ExtentCursor {
 public:
  // Of a body of `size` bytes: the extents that have any of the bytes from `from` to `until`. Reads
  // rows as of `snapshot`, which may be none if the rows cannot change.
  ExtentCursor(env::Table& table, Body body, std::uint64_t size, std::uint64_t from,
               std::uint64_t until, const env::Snapshot* snapshot);

  // Up to about `count_max`, at least one; none at the end. `corrupt` when rows are missing.
  Task<Result<ExtentRun>> next(std::size_t count_max);

  bool is_at_end() const { return position_ >= until_; }

 private:
  // A run of the object whose extents lie in one place.
  struct Piece {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Body body;
  };

  Task<Result<void>> read_parts();
  Task<Result<void>> find_row();
  Task<Result<void>> read_rows(ExtentRun& run, std::size_t count_max);
  Result<void> take(ExtentRun& run, std::span<const vault::Extent> extents);

  env::Table& table_;
  Body body_;
  std::uint64_t size_;
  std::uint64_t from_;
  std::uint64_t until_;
  const env::Snapshot* snapshot_;
  std::uint64_t position_;  // What comes next; inside an extent only at the beginning.
  std::deque<Piece> pieces_;
  // Where the next row of the first piece begins; unknown until it is sought.
  std::optional<std::uint64_t> row_offset_;
};

}  // namespace holdfast::catalog
