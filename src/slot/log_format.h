// The bytes of a log's files, encoded and decoded: docs/formats/log.md.
//
// A file is a header block and then frames, each beginning at a block. A frame holds the records of
// one append and is valid as a whole or not at all. It carries the nonce of its file, which the
// slot drew, so that neither what an earlier use of a recycled file left behind nor the content of
// a record can pass for a frame.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "slot/slot.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace holdfast::slot {

inline constexpr std::size_t log_block_bytes = AlignedBuffer::alignment;
inline constexpr std::size_t frame_records_max = 65'536;
inline constexpr std::size_t frame_head_bytes = 104;

// Of a frame with padding, when its records are as many and as large as they can be.
inline constexpr std::size_t frame_bytes_max =
    batch_bytes_max + 4 * frame_records_max + 2 * log_block_bytes;

using FileNonce = Id<struct FileNonceTag, 16>;

struct LogFileHeader {
  GenerationId generation;
  FileNonce nonce;           // Drawn when the file was taken into use.
  std::uint64_t number = 0;  // Files of a log are numbered from 1 on without gaps.
  LogTail before;            // Where the log stood then.

  bool operator==(const LogFileHeader&) const = default;
};

AlignedBuffer encode_log_file_header(const LogFileHeader& header);

// From the first block of a file. `corrupt` when damaged, `unsupported` when of a newer version.
Result<LogFileHeader> decode_log_file_header(ByteView block);

struct FrameHead {
  std::uint32_t checksum = 0;  // Of all bytes behind it up to `size`.
  std::uint32_t size = 0;      // Of the frame, without padding.
  std::uint32_t record_count = 0;
  LogTail before;
  LogTail after;

  std::size_t padded_size() const {
    return (size + log_block_bytes - 1) / log_block_bytes * log_block_bytes;
  }
};

// Where the checksummed part of a frame begins.
inline constexpr std::size_t frame_checksum_end = 8;

// With padding, for records of `record_bytes` in all.
constexpr std::size_t padded_frame_bytes(std::size_t record_count, std::size_t record_bytes) {
  const std::size_t size = frame_head_bytes + 4 * record_count + record_bytes;
  return (size + log_block_bytes - 1) / log_block_bytes * log_block_bytes;
}

// Padded with zeros. Requires 1 to frame_records_max records of at most batch_bytes_max in all, and
// `before` and `after` to differ by their count.
AlignedBuffer encode_frame(const FileNonce& nonce, const LogTail& before, const LogTail& after,
                           std::span<const ByteView> records);

// The head of a frame, if a frame of this file may begin with `block`. Plausible only: its checksum
// has not been looked at.
std::optional<FrameHead> find_frame(ByteView block, const FileNonce& nonce);

// The records of a frame whose bytes (without padding, or with) are all there. `corrupt` when it is
// not a whole frame of this file.
Result<std::vector<ByteView>> decode_frame(ByteView frame, const FileNonce& nonce);

}  // namespace holdfast::slot
