// BodyWriter gives the extents of contents rows of their own, where they are too many for the row
// that names them, and yields the body.
//
// Rows that fit go into the record that names the body. More go ahead of it, in records that also
// say that the body is being written: if the naming record does not follow, the rows are removed by
// abandon(), or by clean_up() after a crash.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/numbers.h"
#include "catalog/rows.h"
#include "vault/vault.h"

#include <optional>
#include <vector>

namespace holdfast::catalog {

inline constexpr std::size_t extents_per_record_max = 16 * extents_per_row_max;

class BodyWriter {
 public:
  // Of an upload's part if `upload` is given: its rows then go with those of the upload.
  BodyWriter(vault::Vault& vault, Numbers& numbers, std::optional<ContentId> upload = std::nullopt)
      : vault_(vault), numbers_(numbers), upload_(upload) {}

  // Extents after those before.
  Task<Result<void>> add(vault::Content content);

  // Puts what is left into `record`, which must also name the body.
  Task<Result<Body>> finish(vault::Record& record);

  // When that record was not committed.
  Task<void> abandon();

  std::uint64_t size() const { return size_; }

  // Removes the rows of bodies that no record named. Before anything is written.
  static Task<Result<void>> clean_up(vault::Vault& vault);

 private:
  Task<Result<void>> draw_numbers();
  void put_rows(vault::Record& record, std::size_t count);

  vault::Vault& vault_;
  Numbers& numbers_;
  std::optional<ContentId> upload_;
  ContentId content_ = 0;
  StreamId stream_ = 0;
  std::vector<vault::Extent> extents_;    // Not in rows yet.
  std::vector<vault::Content> contents_;  // Theirs, without the extents.
  std::uint64_t offset_ = 0;              // Of the first of extents_.
  std::uint64_t size_ = 0;
  bool is_ahead_ = false;  // Some rows are committed.
};

// Removes the rows of a body that nothing names any more with `record`.
void remove_body(vault::Record& record, const Body& body);

}  // namespace holdfast::catalog
