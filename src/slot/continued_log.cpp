// How a log begins with the files of another one, of an earlier generation of the same range.
#include "slot/local_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::slot {
namespace {

constexpr std::size_t run_bytes_max = 1 * mib;  // Of frames read at a time.

}  // namespace

// The old log is fenced: nothing is added to its files any more. Its newest file stays its own, so
// that a log which starts over and over again has no row of files with little in them.
Task<Result<void>> LocalLog::begin_with(LocalLog& old) {
  const auto hold = co_await old.turn_.lock();
  CO_TRY(old.check_whole());
  const LogTail& start = head_.start;
  if (old.head_.end || old.head_.first_sequence > start.sequence + 1) co_return Result<void>();
  CO_TRY_LET(const ChainHash chain, co_await old.chain_at(start.sequence));
  if (chain != start.chain) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("log {}: record {} is another one", old.folder_, start.sequence));
  }
  for (std::size_t i = 0; i + 1 < old.files_.size(); ++i) {
    const File& file = old.files_[i];
    const LogTail& after = old.files_[i + 1].before;
    if (after.sequence <= start.sequence) continue;
    const bool is_known = std::ranges::find(head_.origins, file.generation) != head_.origins.end();
    if (!is_known && head_.origins.size() == log_origins_max) break;
    CO_TRY(co_await verify_chain(file, after));
    auto taken = co_await take_file(file, old.path_of(file.number));
    // Where a file can have only one name, its records are written again.
    if (!taken && taken.error().code() == ErrorCode::unsupported) break;
    CO_TRY(std::move(taken));
    if (!is_known) head_.origins.push_back(file.generation);
    tail_ = after;
  }
  co_return co_await around_.disk.sync_folder(folder_);
}

// Gives the file a name in this log as well.
Task<Result<void>> LocalLog::take_file(const File& file, std::string from) {
  const std::string path = path_of(file.number);
  CO_TRY(co_await around_.disk.link(std::move(from), path));
  CO_TRY_LET(auto opened, co_await around_.disk.open(path, {.write = true, .direct = true}));
  files_.push_back({.number = file.number,
                    .generation = file.generation,
                    .nonce = file.nonce,
                    .before = file.before,
                    .size = file.size,
                    .end = file.end,
                    .frames = file.frames,
                    .file = std::move(opened)});
  co_return Result<void>();
}

// Reads the frames of a file, each of which must be whole and begin where the chain stands after
// the one before, up to `after`, the end of the file. The records are where they were when their
// hashes were made, so these are not made again: that would take longer than all the rest of a
// start.
Task<Result<void>> LocalLog::verify_chain(const File& file, const LogTail& after) {
  LogTail at = file.before;
  for (std::size_t next = 0; next < file.frames.size();) {
    const std::size_t first = next;
    std::size_t run = 0;
    while (next < file.frames.size() &&
           (run == 0 || run + file.frames[next].padded_bytes <= run_bytes_max)) {
      run += file.frames[next++].padded_bytes;
    }
    AlignedBuffer buffer(run);
    CO_TRY(co_await file.file->read(file.frames[first].offset, buffer.view()));
    for (std::size_t i = first; i < next; ++i) {
      const auto bytes = buffer.view().subspan(file.frames[i].offset - file.frames[first].offset);
      CO_TRY_LET(const auto records, decode_frame(bytes, file.nonce));
      const FrameHead head = *find_frame(bytes, file.nonce);
      if (head.before != at) {
        co_return fail(ErrorCode::corrupt,
                       fmt::format("record {} does not continue the chain", at.sequence + 1));
      }
      for (const ByteView record : records) {
        if (++at.sequence > head_.start.sequence) record_bytes_ += record.size();
      }
      at = head.after;
    }
  }
  if (at != after) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("the records up to {} are not those of its chain", after.sequence));
  }
  co_return Result<void>();
}

std::string LocalLog::newest_file() const {
  if (is_damaged() || files_.empty()) return {};
  return path_of(files_.back().number).substr(folder_.size() + 1);
}

}  // namespace holdfast::slot
