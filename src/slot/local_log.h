// LocalLog is one log in a folder of a disk: what LocalSlot's promises about logs come down to.
//
// Invariants:
//   - A record that append() acknowledged is never written over, nor is any block that holds part
//   of
//     it: each append begins at a block of its own.
//   - The tail that fence() tells is durable.
//   - A frame that is not whole ends the log only where no whole one follows; else the log is
//     damaged, and says so.
// Layout: docs/formats/log.md.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/disk.h"
#include "env/own_file.h"
#include "env/random.h"
#include "slot/log_head.h"
#include "slot/log_scan.h"
#include "slot/slot.h"
#include "slot/small_files.h"
#include "slot/spare_files.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::slot {

class LocalLog {
 public:
  // What all logs of a slot share; outlives them.
  struct Surroundings {
    env::Disk& disk;
    env::Random& random;
    SmallFiles& small_files;
    SpareFiles& spares;
    std::string root{};  // Of the disk, for messages that name a file.

    std::string shown(std::string_view path) const { return env::path_shown(root, path); }
  };

  // Makes a log in `folder`, which exists and is empty; all of it is durable when it returns, but
  // the folder's own name. It begins with all files of `old` but the newest, as far as they hold
  // records behind head.start, if that is one and disk and log allow: they get a second name, and
  // never change any more.
  static Task<Result<std::unique_ptr<LocalLog>>> create(Surroundings around, std::string folder,
                                                        LogHead head, LocalLog* old);

  // `not_found` when there is no head: the log was never complete. A log with damage opens, and
  // tells of it. Fails with `corrupt` when it cannot tell anything.
  static Task<Result<std::unique_ptr<LocalLog>>> open(Surroundings around, std::string folder);

  // These are as in Slot, for a writer whose incarnation has been checked. One goes on at a time.
  Task<Result<void>> append(std::uint64_t epoch, LogTail before, std::span<const ByteView> records);
  struct Fenced {
    LogTail before;  // The oldest record kept.
    LogTail tail;
  };
  Task<Result<Fenced>> fence(std::uint64_t epoch);
  Task<Result<std::vector<LogRecord>>> read(std::uint64_t from, std::size_t bytes_max);
  Task<Result<void>> truncate(std::uint64_t epoch, std::uint64_t until);
  Task<Result<void>> cut(std::uint64_t epoch, LogTail end);

  // Closes its files, when whatever is under way is done. All that is asked afterwards is refused.
  Task<void> retire();

  // Writes down how far it goes, so that a later loss of its last records is noticed.
  Task<Result<void>> close();

  const LogHead& head() const { return head_; }
  LogTail tail() const { return head_.end.value_or(tail_); }
  bool is_damaged() const { return !damage_.empty(); }
  std::uint64_t size_bytes() const;  // On disk.
  std::uint64_t record_bytes() const {
    return record_bytes_;
  }  // Of what was taken from another log.

  // The name, in its folder, of the file that no other log ever has; empty if it cannot tell.
  std::string newest_file() const;

 private:
  struct File {
    std::uint64_t number = 0;
    GenerationId generation;  // That it was written for.
    FileNonce nonce;
    LogTail before;
    std::uint64_t size = 0;
    std::uint64_t end = 0;  // Where the next frame goes.
    std::vector<FramePlace> frames;
    std::unique_ptr<env::File> file;
  };

  // How far a read() has come.
  struct Reading {
    std::uint64_t next = 0;
    std::uint64_t last = 0;  // The last record that it may give.
    std::size_t bytes_left = 0;
    std::vector<LogRecord> found;

    bool is_done() const { return next > last; }
    void take(std::uint64_t first, std::span<const ByteView> records);
  };

  LocalLog(Surroundings around, std::string folder) : around_(around), folder_(std::move(folder)) {}

  Task<Result<void>> begin_with(LocalLog& old);
  Task<Result<void>> take_file(const File& file, std::string from);
  Task<Result<void>> verify_chain(const File& file, const LogTail& after);
  Task<Result<void>> load();
  Task<Result<void>> load_file(std::uint64_t number);
  Task<Result<void>> erase_refused();
  Task<Result<void>> add_file(std::size_t frame_bytes);
  Task<Result<void>> save_head(LogHead head);
  Task<Result<void>> write_frame(LogTail after, std::span<const ByteView> records);
  Task<Result<void>> sync_found_tail();
  Task<Result<void>> drop_forgotten_files();
  Task<Result<void>> read_file(const File& file, Reading& reading);
  Task<Result<ChainHash>> chain_at(std::uint64_t sequence);
  Task<Result<void>> check_repeated(LogTail before, std::span<const ByteView> records);
  Result<void> check_writable(std::uint64_t epoch) const;
  Result<void> check_whole() const;
  std::string path_of(std::uint64_t number) const;

  Surroundings around_;
  std::string folder_;
  LogHead head_;
  LogTail tail_;
  std::deque<File> files_;
  std::uint64_t record_bytes_ = 0;
  std::string damage_;          // What is wrong, for people; empty while all is well.
  bool is_tail_synced_ = true;  // False when the last frame was found, not written, since opening.
  bool has_failed_ = false;     // A write or sync failed: it takes no more until it is re-opened.
  bool has_refused_ = false;    // The last frame found no room; parts of it may be in the file.
  Mutex turn_;
};

}  // namespace holdfast::slot
