#include "catalog/lookup.h"

#include "vault/record.h"

#include <utility>

namespace holdfast::catalog {

Task<Result<std::optional<FoundName>>> find_name(env::Table& table, DirectoryId parent,
                                                 std::string_view name,
                                                 const env::Snapshot* snapshot) {
  // Between them sort the rows of this name and no other: names hold no 0x00.
  env::ScanRange range{.family = names_family,
                       .from = name_key(parent, name) + '\0',
                       .until = name_key(parent, name) + '\1',
                       .backwards = false,
                       .snapshot = snapshot};
  std::optional<Result<FoundName>> found;
  const auto take_first = [&found](std::string_view key, std::string_view value) {
    auto row = decode_name_row(value);
    if (row) {
      found.emplace(FoundName{.row_key = std::string(key),
                              .sequence = vault::sequence_of_suffix(key),
                              .row = *std::move(row)});
    } else {
      found.emplace(std::unexpected(std::move(row).error()));
    }
    return env::Visit::stop();
  };
  CO_TRY(co_await table.scan(std::move(range), take_first));
  if (!found) co_return std::nullopt;
  if (!*found) co_return std::unexpected(std::move(*found).error());
  co_return **std::move(found);
}

Result<ObjectRow> object_of(FoundName found, const std::string& key) {
  auto* row = std::get_if<ObjectRow>(&found.row);
  if (row == nullptr) return fail(ErrorCode::corrupt, "a directory under an object's name");
  row->info.key = key;
  row->info.version = found.sequence;
  return std::move(*row);
}

Task<Result<std::vector<Usage>>> find_usages(env::Table& table,
                                             std::vector<DirectoryId> directories) {
  std::vector<std::string> keys;
  keys.reserve(directories.size());
  for (const DirectoryId directory : directories) keys.push_back(counts_key(directory));
  CO_TRY_LET(const auto values, co_await table.get_many(counts_family, std::move(keys)));
  std::vector<Usage> usages(directories.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    CO_TRY_LET(usages[i], decode_usage(*values[i]));
  }
  co_return usages;
}

Task<Result<bool>> has_rows(env::Table& table, env::Family family, std::string prefix) {
  bool found = false;
  const auto note = [&found](std::string_view, std::string_view) {
    found = true;
    return env::Visit::stop();
  };
  auto until = after_all_of(prefix);
  env::ScanRange range{.family = family,
                       .from = std::move(prefix),
                       .until = std::move(until),
                       .backwards = false,
                       .snapshot = nullptr};
  CO_TRY(co_await table.scan(std::move(range), note));
  co_return found;
}

}  // namespace holdfast::catalog
