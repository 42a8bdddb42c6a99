// Replay brings a table up to the end of the range's log, and gathers what only the log has: chunks
// whose segment was not sealed.
#pragma once

#include "env/table.h"
#include "vault/journal_record.h"
#include "vault/range_log.h"

#include <cstdint>
#include <map>
#include <vector>

namespace holdfast::vault {

struct LoggedChunk {
  std::uint64_t record = 0;  // Whose number it has.
  ChunkId id;
  Place place;
  Bytes sealed;
};

struct Replayed {
  std::uint64_t applied = 0;  // The last record.
  std::uint64_t session = 0;  // Of the owner before.
  std::uint64_t changes = 0;  // Applied now.
  std::map<SegmentNumber, std::vector<LoggedChunk>> logged;
};

// Before the first append. `corrupt` when log and table do not meet, `unsupported` when the table
// has a format from the future.
Task<Result<Replayed>> replay(RangeLog& log, env::Table& table);

}  // namespace holdfast::vault
