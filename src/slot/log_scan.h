// Finding the frames of a log's file again when the slot is opened.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/disk.h"
#include "slot/log_format.h"

#include <cstdint>
#include <vector>

namespace holdfast::slot {

struct FramePlace {
  std::uint64_t offset = 0;
  std::uint32_t padded_bytes = 0;
  std::uint64_t first_sequence = 0;
};

struct LogScan {
  std::vector<FramePlace> frames;
  LogTail tail;            // After the last of them.
  std::uint64_t end = 0;   // Where the next frame goes.
  bool is_torn = false;    // The next frame begins, and is not whole.
  bool is_rotten = false;  // There is a whole frame somewhere behind one that is not.
};

// The first block of `file` (opened direct) as a header. Fails as decode_log_file_header().
Task<Result<LogFileHeader>> read_log_file_header(env::File& file);

// Follows the frames from the header to the first place where none that continues the chain is
// whole, then looks for whole frames in all that is left of the file.
Task<Result<LogScan>> scan_log_file(env::File& file, const LogFileHeader& header);

}  // namespace holdfast::slot
