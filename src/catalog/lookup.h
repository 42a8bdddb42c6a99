// Reading single rows of the catalog.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/rows.h"
#include "env/table.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::catalog {

struct FoundName {
  std::string row_key;  // With the commit suffix.
  std::uint64_t sequence = 0;
  NameRow row;
};

// The newest row of `name` (which ends with '/' if a directory is meant); nothing if there is none.
Task<Result<std::optional<FoundName>>> find_name(env::Table& table, DirectoryId parent,
                                                 std::string_view name,
                                                 const env::Snapshot* snapshot = nullptr);

// The object of a row that find_name() found, with its key and version.
Result<ObjectRow> object_of(FoundName found, const std::string& key);

// What is in and below each of `directories`.
Task<Result<std::vector<Usage>>> find_usages(env::Table& table,
                                             std::vector<DirectoryId> directories);

// Whether any row begins with `prefix`.
Task<Result<bool>> has_rows(env::Table& table, env::Family family, std::string prefix);

}  // namespace holdfast::catalog
