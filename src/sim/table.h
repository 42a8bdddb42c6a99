// A table in memory. What was flushed lies in a TableStore, which outlives it as a disk would;
// destroying a Table without flush() is a crash.
#pragma once

#include "env/disk.h"
#include "env/table.h"
#include "sim/random.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::sim {

// Holds the durable state of tables by folder, and what happens to it.
class TableStore {
 public:
  // With some chance, each batch applied is followed by a flush that nobody asked for.
  explicit TableStore(std::uint64_t seed = 1, double flush_chance = 0)
      : random_(seed), flush_chance_(flush_chance) {}

  bool has(const std::string& folder) const { return folders_.contains(folder); }
  void remove(const std::string& folder) {
    folders_.erase(folder);
    taken_.erase(folder);
  }

  // From now on copies are files on `disk`, durable when copy_to() returns, one for each family:
  // the same as before while its rows are. It must outlive the store.
  void keep_copies_on(env::Disk& disk) { disk_ = &disk; }

  // Where a folder of the disk holds a copy that was not taken yet, makes that the tables of the
  // folder. `corrupt` when it is damaged.
  Task<Result<void>> take_copy(std::string folder);

  // While set, flush() and copy_to() fail with this code and make nothing durable.
  void fail_flushes(std::optional<ErrorCode> code) { failure_ = code; }

 private:
  friend class Table;

  using Rows = std::map<std::string, std::string>;
  using Families = std::map<std::string, Rows>;  // By name.

  Random random_;
  double flush_chance_;
  std::optional<ErrorCode> failure_;
  Task<Result<void>> write_copy(std::string folder) const;

  env::Disk* disk_ = nullptr;
  std::map<std::string, std::string> taken_;  // What identifies the copy, by folder.
  std::map<std::string, Families> folders_;
};

class Table final : public env::Table {
 public:
  // Opens what is in `folder` of the store, or begins it. Only one Table has it open at a time.
  // Fails with `invalid` if families that are there are not named.
  static Result<std::unique_ptr<Table>> open(TableStore& store, std::string folder,
                                             std::vector<env::FamilyOptions> families);

  Task<Result<std::optional<std::string>>> get(env::Family family, std::string key,
                                               const env::Snapshot* snapshot) override;
  Task<Result<std::vector<std::optional<std::string>>>> get_many(
      env::Family family, std::vector<std::string> keys) override;
  Task<Result<void>> scan(env::ScanRange range, env::Visitor visitor) override;
  std::unique_ptr<env::Snapshot> snapshot() override;
  Task<Result<void>> apply(env::Batch batch) override;
  Task<Result<void>> flush() override;
  Task<Result<std::vector<env::TableFile>>> copy_to(std::string folder) override;
  Usage usage() const override;

 private:
  class HeldSnapshot;

  // The values that a key had, oldest first, as far as snapshots may ask for them.
  struct Version {
    std::uint64_t batch;
    std::optional<std::string> value;
  };
  using Row = std::vector<Version>;
  struct FamilyState {
    env::FamilyOptions options;
    std::map<std::string, Row> rows;
    std::set<std::string> unflushed;
  };

  Table(TableStore& store, std::string folder) : store_(store), folder_(std::move(folder)) {}

  static const std::string* value_at(const Row& row, std::uint64_t batch);
  std::uint64_t batch_of(const env::Snapshot* snapshot) const;
  void set(FamilyState& family, const std::string& key, std::optional<std::string> value);
  void add(FamilyState& family, const std::string& key, const std::string& deltas);
  void remove_range(FamilyState& family, const std::string& from, const std::string& until);
  void scan_forwards(const env::ScanRange& range, const env::Visitor& visitor) const;
  void scan_backwards(const env::ScanRange& range, const env::Visitor& visitor) const;
  void store_unflushed();

  TableStore& store_;
  std::string folder_;
  std::vector<FamilyState> families_;
  std::uint64_t batches_ = 0;
  std::multiset<std::uint64_t> snapshots_;  // The batches at which they were taken.
};

}  // namespace holdfast::sim
