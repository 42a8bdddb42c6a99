// What coordination and the slots know about the log of a range: its newest generation. Encode and
// decode only; docs/formats/range-row.md has the byte tables.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "slot/slot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::vault {

inline constexpr std::size_t generation_members_max = 16;
inline constexpr std::size_t range_name_bytes_max = 64;

// One writer's stretch of a log. Its members are exactly the slots that held all of it when it was
// opened.
struct Generation {
  struct Member {
    SlotId slot;
    Incarnation incarnation;  // Under which the slot takes part.

    bool operator==(const Member&) const = default;
  };
  struct Predecessor {
    GenerationId id;
    slot::LogTail end;  // Records of it after this do not count.

    bool operator==(const Predecessor&) const = default;
  };

  GenerationId id;
  std::uint64_t epoch = 0;
  std::vector<Member> members;         // E of them.
  std::uint32_t acknowledgements = 1;  // A: so many members must have synced a record.
  std::uint32_t fences = 1;            // F: so many must be fenced before a successor may open.
  std::optional<Predecessor> predecessor;

  bool operator==(const Generation&) const = default;
};

// The row of a range in coordination.
struct RangeRow {
  std::uint64_t epoch =
      0;  // Of the newest take-over; above the generation's while it is under way.
  std::optional<Generation> generation;  // None before the first one was opened.

  bool operator==(const RangeRow&) const = default;
};

Bytes encode_range_row(const RangeRow& row);
Result<RangeRow> decode_range_row(ByteView bytes);

// What each slot keeps with the log: enough to find the newest generation again without the row.
// The members are those that it was offered to, of which the opened generation may have fewer.
struct LogHeader {
  VaultId vault;
  std::string range;
  Generation generation;

  bool operator==(const LogHeader&) const = default;
};

Bytes encode_log_header(const LogHeader& header);
Result<LogHeader> decode_log_header(ByteView bytes);

}  // namespace holdfast::vault
