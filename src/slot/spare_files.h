// SpareFiles keeps files ready that are written all over and need no more room from the file
// system, so that a sync of what a log writes into one is a sync of data alone. Files that a log is
// done with come back here.
//
// One spare is always held ready where there is room for it: on a disk that has become full, a log
// can still go on in it for the sake of deletes.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/disk.h"

#include <cstdint>
#include <deque>
#include <string>

namespace holdfast::slot {

class SpareFiles {
 public:
  static constexpr std::size_t count_max = 8;

  // `disk` must outlive it; `folder` exists and is its alone. `file_bytes` is a multiple of 1 MiB.
  SpareFiles(env::Disk& disk, std::string folder, std::size_t file_bytes)
      : disk_(disk), folder_(std::move(folder)), file_bytes_(file_bytes) {}

  // Finds what is there. Once, before anything else.
  Task<Result<void>> open();

  // The path of a file of `file_bytes`, or of `size` if that is more. Whoever takes it moves it to
  // another folder, then calls sync(). What is in it is zeros or what an earlier log left.
  Task<Result<std::string>> take(std::size_t size);

  // Makes durable that files which were moved away are not here any more.
  Task<Result<void>> sync() { return disk_.sync_folder(folder_); }

  // Takes over a file of a log that needs it no more, or removes it. That it is gone from
  // `from_folder` is durable afterwards.
  Task<Result<void>> give(std::string from_folder, std::string name, std::uint64_t size);

  // Removes spares beyond `count`: a log that has become short soon needs no more of them.
  Task<Result<void>> shed(std::size_t count);

  // Tries once more to have a spare, where there was no room.
  Task<Result<void>> refill();

  // There is no spare, for want of room.
  bool is_short() const { return is_short_; }
  std::uint64_t size_bytes() const { return ready_.size() * file_bytes_; }

  // Waits for what is under way. Before it is destroyed.
  Task<void> close() { return under_way_.join(); }

 private:
  Task<Result<std::string>> make(std::size_t size);
  Task<void> refill_in_background();

  env::Disk& disk_;
  std::string folder_;
  std::size_t file_bytes_;
  std::deque<std::string> ready_;  // Paths.
  std::uint64_t names_ever_ = 0;
  bool is_short_ = false;
  Mutex making_;
  TaskGroup under_way_;
};

}  // namespace holdfast::slot
