#include "slot/log_scan.h"

#include "codec/checksum.h"

#include <algorithm>

namespace holdfast::slot {
namespace {

// Reads a file through a window that moves forward.
class Window {
 public:
  Window(env::File& file, std::uint64_t file_bytes) : file_(file), file_bytes_(file_bytes) {}

  // At least one block from `offset`, a multiple of the block, as much as the window holds; empty
  // at the end of the file.
  Task<Result<ByteView>> at(std::uint64_t offset) {
    if (offset + log_block_bytes > file_bytes_) co_return ByteView();
    if (offset < start_ || offset + log_block_bytes > start_ + filled_) {
      CO_TRY_LET(filled_, co_await file_.read(offset, buffer_.view()));
      start_ = offset;
      if (filled_ < log_block_bytes) co_return ByteView();
    }
    co_return buffer_.view().first(filled_).subspan(offset - start_);
  }

 private:
  env::File& file_;
  std::uint64_t file_bytes_;
  AlignedBuffer buffer_{1 * mib};
  std::uint64_t start_ = 0;
  std::size_t filled_ = 0;
};

Task<Result<bool>> is_whole(Window& window, std::uint64_t offset, const FrameHead& head) {
  std::uint32_t checksum = 0;
  std::size_t skip = frame_checksum_end;
  for (std::uint64_t done = 0; done < head.size;) {
    CO_TRY_LET(const ByteView view, co_await window.at(offset + done));
    // Whole blocks only, so that the next place to look at is a block too.
    const std::size_t there = view.size() / log_block_bytes * log_block_bytes;
    if (there == 0) co_return false;
    const std::size_t size = std::min<std::uint64_t>(there, head.size - done);
    checksum = codec::crc32c(view.first(size).subspan(skip), checksum);
    skip = 0;
    done += size;
  }
  co_return checksum == head.checksum;
}

// The head of a frame at `offset` if it is whole.
Task<Result<std::optional<FrameHead>>> whole_frame_at(Window& window, std::uint64_t offset,
                                                      const FileNonce& nonce) {
  CO_TRY_LET(const ByteView view, co_await window.at(offset));
  const auto head = find_frame(view, nonce);
  if (!head) co_return std::nullopt;
  CO_TRY_LET(const bool is_good, co_await is_whole(window, offset, *head));
  co_return is_good ? head : std::nullopt;
}

}  // namespace

Task<Result<LogFileHeader>> read_log_file_header(env::File& file) {
  AlignedBuffer block(log_block_bytes);
  CO_TRY_LET(const std::size_t size, co_await file.read(0, block.view()));
  co_return decode_log_file_header(block.view().first(size));
}

Task<Result<LogScan>> scan_log_file(env::File& file, const LogFileHeader& header) {
  CO_TRY_LET(const std::uint64_t size, co_await file.size());
  Window window(file, size);
  LogScan scan{.frames = {}, .tail = header.before, .end = log_block_bytes};
  for (;;) {
    CO_TRY_LET(const auto head, co_await whole_frame_at(window, scan.end, header.nonce));
    if (!head || head->before != scan.tail) break;
    const std::size_t padded = head->padded_size();
    scan.frames.push_back({.offset = scan.end,
                           .padded_bytes = static_cast<std::uint32_t>(padded),
                           .first_sequence = head->before.sequence + 1});
    scan.tail = head->after;
    scan.end += padded;
  }
  CO_TRY_LET(const ByteView next, co_await window.at(scan.end));
  const auto begun = find_frame(next, header.nonce);
  scan.is_torn = begun && begun->before == scan.tail;
  for (std::uint64_t at = scan.end; at < size && !scan.is_rotten; at += log_block_bytes) {
    CO_TRY_LET(const auto head, co_await whole_frame_at(window, at, header.nonce));
    scan.is_rotten = head.has_value();
  }
  co_return scan;
}

}  // namespace holdfast::slot
