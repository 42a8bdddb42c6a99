// LogStore keeps the logs of a slot, each in a folder of its own, and remembers durably which ones
// it made: a log that it knows and cannot find is damaged, and is never made again.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "slot/local_log.h"
#include "slot/slot.h"
#include "slot/small_files.h"
#include "slot/spare_files.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::slot {

class LogStore {
 public:
  static constexpr std::size_t logs_max = 4096;

  // `folder` exists. `disk`, `random` and `small_files` must outlive the store. `root` says where
  // the disk is, for messages.
  LogStore(env::Disk& disk, env::Random& random, SmallFiles& small_files, std::string folder,
           std::size_t file_bytes, std::string root = {});

  // Finds the logs that are there and finishes what a crash interrupted. Once, before anything
  // else. `unsupported` when one is of a newer version.
  Task<Result<void>> open();

  // As Slot::continue_log(), or as Slot::create_log() where `from` names none, for a writer whose
  // incarnation has been checked.
  Task<Result<Slot::Continued>> create(LogWriter writer, LogTail start, Bytes header,
                                       std::optional<GenerationId> from);

  // `not_found` for one that was never made here or was removed, `corrupt` for a damaged one.
  // Shared, for a log may be removed while others wait for its answer.
  Result<std::shared_ptr<LocalLog>> find(GenerationId generation) const;

  Task<Result<void>> remove(LogWriter writer);
  std::vector<LogEntry> list() const;

  // The reserve is used up and could not be replaced.
  bool is_short() const { return spares_.is_short(); }
  Task<Result<void>> refill() { return spares_.refill(); }
  std::uint64_t size_bytes() const;

  Task<void> close();

 private:
  struct Known {
    bool is_removed = false;        // Its name is remembered until the slot is opened again.
    std::shared_ptr<LocalLog> log;  // None if removed or damaged beyond reading.
    std::string loss{};             // Why that is, for people.
  };

  Task<Result<void>> read_known();
  Task<Result<void>> open_known(GenerationId generation, Known& known);
  Task<Result<void>> adopt(GenerationId generation);
  Task<Result<void>> clear_folder(std::string folder, std::string spare = {});
  Task<Result<void>> save();
  std::string folder_of(GenerationId generation) const;

  LocalLog::Surroundings around_;
  std::string folder_;
  SpareFiles spares_;
  std::map<GenerationId, Known> known_;
  Mutex changing_;
};

}  // namespace holdfast::slot
