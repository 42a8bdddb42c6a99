// The vault's own rows in its table. Formats: docs/formats/vault-rows.md.
#pragma once

#include "base/id.h"
#include "env/table.h"
#include "vault/vault.h"

#include <string>
#include <vector>

namespace holdfast::vault {

enum VaultFamily : env::Family {
  meta_family = 0,      // Single values, by name.
  chunks_family = 1,    // Chunk id -> where it lies.
  segments_family = 2,  // Segment number -> what it is.
  counters_family = 3,  // Sums over all, and for each segment.
  marks_family = 4,     // Scratch of a collection: ids that are needed. Never logged.
};

// Rows of meta_family.
inline constexpr std::string_view applied_key = "applied";        // Sequence of the last record.
inline constexpr std::string_view needed_key = "needed";          // Where replay begins to read.
inline constexpr std::string_view checkpoint_key = "checkpoint";  // The newest copy of all tables,
inline constexpr std::string_view checkpoint_before_key =
    "checkpoint-before";                                          // and its forerunner.
inline constexpr std::string_view collection_key = "collection";  // The collection's number.
inline constexpr std::string_view floor_key = "floor";      // Under which nothing is accepted.
inline constexpr std::string_view session_key = "session";  // Starts of the owner so far.
inline constexpr std::string_view format_key = "format";    // Version of the vault's rows.
inline constexpr std::uint64_t format_version = 1;

// What a table of a vault is opened with, up to first_catalog_family.
inline std::vector<env::FamilyOptions> vault_families() {
  std::vector<env::FamilyOptions> families(first_catalog_family);
  families[meta_family] = {.name = "meta"};
  families[chunks_family] = {.name = "chunks", .point_lookups = true};
  families[segments_family] = {.name = "segments"};
  families[counters_family] = {.name = "counters", .counters = true};
  families[marks_family] = {.name = "marks"};
  for (env::Family spare = marks_family + 1; spare < first_catalog_family; ++spare) {
    families[spare] = {.name = "spare" + std::to_string(spare)};
  }
  return families;
}

}  // namespace holdfast::vault
