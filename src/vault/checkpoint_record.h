// What a checkpoint is made of: the immutable files of the tables at one point of the log, and
// where in segments their bytes lie. It holds all that is needed to get them back when the tables,
// and with them the rows of these segments, are lost. Encode and decode only; the byte table is in
// docs/formats/checkpoint.md.
#pragma once

#include "base/id.h"
#include "base/result.h"
#include "vault/segment_format.h"
#include "vault/segment_store.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::vault {

inline constexpr std::size_t checkpoints_kept = 2;
inline constexpr std::size_t table_file_name_max = 255;

// A stretch of a file: one chunk of a segment, as it is.
struct CheckpointPiece {
  ChunkId id;
  SegmentNumber segment = 0;
  std::uint32_t index = 0;
  std::uint32_t offset = 0;  // In the segment.
  std::uint32_t size = 0;    // Of the stretch itself, 1 byte to 4 MiB.

  bool operator==(const CheckpointPiece&) const = default;
};

struct CheckpointFile {
  std::string name;
  std::uint64_t size = 0;
  ChunkId head;                         // Of its first bytes: tells files of one name apart.
  std::vector<CheckpointPiece> pieces;  // End to end.

  bool operator==(const CheckpointFile&) const = default;
};

struct Checkpoint {
  std::uint64_t applied = 0;  // The tables have at least the records up to this one.
  std::map<SegmentNumber, SegmentRow> segments;
  std::vector<CheckpointFile> files;

  std::uint64_t size_bytes() const;
};

std::string encode_checkpoint(const Checkpoint& checkpoint);

// Each piece is of a segment that is there, and the pieces of a file make up its size.
// `unsupported` for a version from the future, else `corrupt`.
Result<Checkpoint> decode_checkpoint(std::string_view bytes);

}  // namespace holdfast::vault
