// A vault in memory for tests of the catalog: records are numbered and applied in order after a
// delay, chunks lie in a map, and a crash leaves what was acknowledged and perhaps a little more.
//
// It collects garbage as strictly as its contract allows: a chunk that no row names and nobody
// relies on is gone at once. So whoever forgets to say what he needs cannot read it afterwards.
#pragma once

#include "base/bytes.h"
#include "base/sync.h"
#include "catalog/catalog.h"
#include "sim/random.h"
#include "sim/table.h"
#include "sim/world.h"
#include "vault/vault.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::catalog {

// What outlives the process.
struct MemoryDisk {
  explicit MemoryDisk(std::uint64_t seed) : tables(seed, 0.02), random(seed) {}

  sim::TableStore tables;
  sim::Random random;
  std::vector<env::Batch> log;  // Number n at place n - 1.
  std::uint64_t durable = 0;    // Up to this number, records survive for certain.
  std::map<ChunkId, Bytes> chunks;
};

class MemoryVault final : public vault::Vault {
 public:
  static constexpr std::size_t chunk_bytes = 8;

  // Opens the tables as the last flush left them and replays the log. What the crash may have lost
  // of it, it loses with some chance.
  static Task<Result<std::unique_ptr<MemoryVault>>> open(MemoryDisk& disk, sim::World& world);
  ~MemoryVault() override;

  env::Table& table() override;
  Task<Result<std::uint64_t>> commit(vault::Record record) override;
  Task<Result<std::unique_ptr<vault::ContentWriter>>> open_writer(std::uint64_t domain) override;
  std::unique_ptr<vault::ContentReader> open_reader(std::vector<vault::Extent> extents,
                                                    std::uint64_t offset, std::uint64_t size,
                                                    std::string label) override;
  Task<Result<vault::Content>> reuse(std::vector<vault::Extent> extents) override;
  bool may_serve() const override { return may_serve_; }
  bool is_read_only() const override { return false; }
  Task<Result<vault::VaultUsage>> usage() override;
  Task<Result<std::uint64_t>> collect(vault::LiveChunks& live) override;
  Task<Result<void>> rest() override { co_return Result<void>(); }
  Task<void> close() override;

  // All bytes at once, as a content.
  vault::Content write(std::string_view bytes);

  // Faults. `after` more commits succeed, then `count` fail, before anything changed.
  void fail_commits(ErrorCode code, std::size_t after = 0, std::size_t count = 1) {
    failure_ = {code, after, count};
  }
  void set_may_serve(bool may_serve) { may_serve_ = may_serve; }

  std::uint64_t commits_ever() const { return commits_ever_; }
  std::size_t commits_together_max() const { return commits_together_max_; }
  sim::World& world() { return world_; }
  MemoryDisk& disk() { return disk_; }

 private:
  class SlowTable;
  class Writer;
  class Reader;
  struct Failure {
    ErrorCode code = ErrorCode::full;
    std::size_t after = 0;
    std::size_t count = 0;
  };
  // Chunks that somebody relies on as long as he holds this.
  struct Held {
    std::vector<ChunkId> chunks;
  };

  MemoryVault(MemoryDisk& disk, sim::World& world);
  vault::Content hold(std::vector<vault::Extent> extents);
  Task<Result<void>> note_live(std::vector<ChunkId> chunks);
  Task<void> pause();

  MemoryDisk& disk_;
  sim::World& world_;
  sim::Random random_;
  std::unique_ptr<SlowTable> table_;
  std::uint64_t applied_ = 0;
  WaitList applied_list_;
  std::vector<std::weak_ptr<Held>> held_;
  std::optional<std::set<ChunkId>> touched_;  // While a collection runs: what was needed meanwhile.
  Failure failure_;
  bool may_serve_ = true;
  std::uint64_t commits_ever_ = 0;
  std::size_t commits_now_ = 0;
  std::size_t commits_together_max_ = 0;
};

}  // namespace holdfast::catalog
