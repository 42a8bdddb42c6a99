// A disk in memory that does to its users what real ones do: it forgets what was not synced, tears
// writes, fails, fills up and rots, all drawn from a seed.
//
// It is the hardware: it outlives the processes that use it. After crash() files and locks that
// were open are dead; what a new process opens is what the crash left.
#pragma once

#include "env/disk.h"
#include "sim/names.h"
#include "sim/random.h"
#include "sim/world.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>

namespace holdfast::sim {

struct DiskOptions {
  std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
  // Of each operation, on a disk in a world. Drawn evenly.
  Duration latency_min{};
  Duration latency_max{};
};

class Disk final : public env::Disk {
 public:
  enum class Operation : std::uint8_t { read, write, sync, names };

  // True if the operation on the file or folder of that name fails. A write or sync that
  // fails may have happened in part; a failed sync is not to be had again.
  using Faults = std::function<bool(Operation operation, const std::string& name)>;

  // Operations take no time: they complete without a turn of any loop.
  explicit Disk(std::uint64_t seed, DiskOptions options = {});
  // Operations take effect in the middle of a span of the world's time.
  explicit Disk(World& world, DiskOptions options = {});

  Task<Result<std::unique_ptr<env::File>>> open(std::string name, env::OpenMode mode) override;
  Task<Result<void>> rename(std::string from, std::string to) override;
  Task<Result<void>> remove(std::string name) override;
  Task<Result<void>> link(std::string from, std::string to) override;
  Task<Result<void>> make_folder(std::string name) override;
  Task<Result<void>> remove_folder(std::string name) override;
  Task<Result<void>> sync_folder(std::string folder) override;
  Task<Result<std::vector<env::Entry>>> list(std::string folder) override;
  Task<Result<env::Space>> space() override;
  Task<Result<std::unique_ptr<env::Lock>>> lock(std::string name, std::string holder) override;

  // The power fails and comes back. Ends what fail_after() began. No operation may be under way,
  // except of a process that is dead or will not look at the answer.
  void crash(Loss loss = Loss::any);

  // The power fails during the operation after `count` more that change something: it happens in
  // part, and it and every later one of any kind fails with `io` until crash().
  void fail_after(std::uint64_t count) { operations_left_ = count; }
  bool has_failed() const { return has_failed_; }

  // How many operations that change something there were ever.
  std::uint64_t operations() const { return operations_; }

  void set_faults(Faults faults, ErrorCode code = ErrorCode::io) {
    faults_ = std::move(faults);
    fault_code_ = code;
  }
  void set_capacity(std::uint64_t size) { options_.capacity = size; }

  // Rot: bit number `bit` of a file that is there and long enough.
  void flip_bit(const std::string& name, std::uint64_t bit);

  // Every file's name, for tests that damage or inspect whatever is there.
  std::vector<std::string> file_names() const;

 private:
  class OpenFile;
  class HeldLock;
  enum class Verdict : std::uint8_t { goes_well, stops_midway, fails_midway, is_dead };

  // Half of an operation's latency; it is awaited before the effect and after it.
  Task<void> half_wait();
  Verdict judge(Operation operation, const std::string& name, bool changes);
  Result<void> verdict_error(Verdict verdict, const std::string& name) const;
  // A change of names, which happens wholly or not at all, in the middle of its latency.
  Task<Result<void>> change_names(std::string name, std::function<Result<void>()> change);
  Result<void> reserve_room(StoredFile& file, const std::string& name, std::uint64_t offset,
                            std::uint64_t size);
  std::uint64_t used() const;

  DiskOptions options_;
  World* world_ = nullptr;
  Random random_;
  Names names_;
  Faults faults_;
  ErrorCode fault_code_ = ErrorCode::io;
  std::uint64_t operations_ = 0;
  std::uint64_t operations_left_ = std::numeric_limits<std::uint64_t>::max();
  bool has_failed_ = false;
  std::uint64_t starts_ = 0;  // How often the power came back: what was opened before is dead.
  std::map<const Node*, std::string> locks_;
};

}  // namespace holdfast::sim
