// LogHead is what a slot knows about one of its logs besides the records: a small file beside them,
// replaced whole. Byte table: docs/formats/log.md.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "slot/slot.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace holdfast::slot {

inline constexpr std::size_t log_header_bytes_max = 64 * kib;
inline constexpr std::size_t log_origins_max = 1024;
inline constexpr std::size_t log_head_bytes_max =
    log_header_bytes_max + log_origins_max * GenerationId::size + 1 * kib;

struct LogHead {
  GenerationId generation;
  std::uint64_t epoch = 0;  // The highest that it was created or fenced with.
  Incarnation incarnation;  // Of the slot, when the log was made.
  LogTail start;            // Where the log began when it was made.
  std::uint64_t first_sequence =
      1;                       // Records below are forgotten, though a file may hold some yet.
  LogTail synced;              // At least up to here all was durable when this was written.
  std::optional<LogTail> end;  // Nothing after this belongs to the log any more.
  Bytes header;                // The owner's.

  // Earlier generations that some of its files were written for.
  std::vector<GenerationId> origins;

  bool operator==(const LogHead&) const = default;
};

Bytes encode_log_head(const LogHead& head);
Result<LogHead> decode_log_head(ByteView bytes);

}  // namespace holdfast::slot
