// LocalVault is the vault of whoever owns its range: the journal, the index, the segments, and the
// background work that keeps them short and tidy, put together.
//
//   write:  ChunkWriter -> OpenSegment -> commit() -> Journal -> RangeLog -> Table
//                               '-> SegmentStore -> Slot
//   read:   ChunkReader -> ChunkFetcher -> ChunkIndex, Slot
#pragma once

#include "codec/gear.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/table.h"
#include "env/workers.h"
#include "slot/slot.h"
#include "vault/checkpoint_record.h"
#include "vault/chunk_index.h"
#include "vault/chunk_reader.h"
#include "vault/journal.h"
#include "vault/keys.h"
#include "vault/range_log.h"
#include "vault/replay.h"
#include "vault/segment_store.h"
#include "vault/table_home.h"
#include "vault/vault.h"

#include <deque>
#include <memory>
#include <optional>
#include <set>

namespace holdfast::vault {

struct VaultOptions {
  std::size_t cache_bytes = 64 * mib;             // Plain chunks.
  std::uint64_t checkpoint_log_bytes = 64 * mib;  // Checkpoint when the log has grown by so much.
  std::uint64_t rest_log_bytes = 8 * mib;         // What it may keep while nobody writes.
  std::uint64_t log_bytes_max = 512 * mib;        // Changes wait for a checkpoint beyond this.

  // Checkpoint when so many changes would be replayed after a crash: about half a second of that.
  std::uint64_t checkpoint_changes = 400'000;
};

class LocalVault final : public Vault {
 public:
  // What it works with, all of which must outlive it. Where `home` is given, the vault opens its
  // tables there and copies them to segments; else it has the table that it is given, which was
  // opened with vault_families() first, and nothing to build it from again.
  struct Environment {
    boost::asio::any_io_executor executor;
    slot::Slot& slot;
    const KeyRing& keys;
    env::Clock& clock;
    env::Random& random;
    env::Workers& workers;
    std::unique_ptr<RangeLog> log;
    std::unique_ptr<env::Table> table = nullptr;
    TableHome* home = nullptr;
  };

  // Brings the tables up to the end of the log, built again if need be, and finds a new place for
  // chunks that only the log has. `corrupt` when log and tables do not meet, `unsupported` for
  // formats from the future.
  static Task<Result<std::unique_ptr<LocalVault>>> open(Environment environment,
                                                        VaultOptions options = {});

  env::Table& table() override { return *table_; }
  Task<Result<std::uint64_t>> commit(Record record) override;
  Task<Result<std::unique_ptr<ContentWriter>>> open_writer(std::uint64_t domain) override;
  std::unique_ptr<ContentReader> open_reader(std::vector<Extent> extents, std::uint64_t offset,
                                             std::uint64_t size, std::string label) override;
  Task<Result<Content>> reuse(std::vector<Extent> extents) override;
  bool may_serve() const override { return log_->may_serve() && !journal_->failure(); }
  bool is_read_only() const override { return segments_->is_full(); }
  Task<Result<VaultUsage>> usage() override;
  Task<Result<std::uint64_t>> collect(LiveChunks& live) override;
  Task<Result<void>> rest() override;
  Task<void> close() override;

  // Makes the tables durable, here and as a copy in segments, and cuts off what of the log is then
  // of no more use.
  Task<Result<void>> checkpoint() { return make_checkpoint(true); }

 private:
  LocalVault(Environment environment, VaultOptions options);

  // Opening, in vault_recovery.cpp.
  void assemble(const Replayed& replayed);
  Task<Result<void>> begin_session(Replayed replayed);
  Task<Result<void>> open_tables();
  Task<Result<void>> load_checkpoints();
  Task<Result<void>> rehome(SegmentNumber number, std::vector<LoggedChunk> chunks);
  Task<Result<void>> place_again(const LoggedChunk& chunk, ByteView content);
  std::set<SegmentNumber> segments_being_replaced() const;
  Task<Result<void>> close_old_sessions();

  Task<Result<std::uint64_t>> commit_now(Record record);
  Task<Result<void>> make_safe(std::vector<std::shared_ptr<PendingChunk>> chunks);
  std::uint64_t submit(Record record);

  // Applied by the replay and since.
  std::uint64_t changes_ever() const { return replayed_changes_ + journal_->changes_ever(); }
  bool is_copy_due() const {
    return home_ != nullptr && clock_.now() >= copy_not_before_ &&
           log_->size_bytes() > log_bytes_copied_ + options_.checkpoint_log_bytes;
  }
  bool is_checkpoint_due() const {
    return is_copy_due() || log_->size_bytes() > options_.log_bytes_max ||
           log_->size_bytes() > log_bytes_before_ + options_.checkpoint_log_bytes ||
           changes_ever() > changes_flushed_ + options_.checkpoint_changes;
  }
  Task<void> mark_tail();
  Task<void> keep_log_short();
  Task<Result<void>> make_checkpoint(bool with_copy);
  Task<Result<void>> flush();
  std::string copy_folder() const { return home_->folder() + ".copy"; }
  Task<Result<void>> copy_tables();
  Task<Result<void>> name_checkpoint(Checkpoint checkpoint);
  Task<Result<void>> bury_unnamed();
  std::uint64_t cut_off_after(const Result<void>& copied) const;
  Task<Result<void>> carry_forward(std::uint64_t before);
  Task<Result<void>> log_again(std::shared_ptr<OpenSegment> segment);
  Task<Result<void>> remove_segments(std::vector<SegmentNumber> gone);

  boost::asio::any_io_executor executor_;
  slot::Slot& slot_;
  const KeyRing& keys_;
  env::Clock& clock_;
  env::Random& random_;
  env::Workers& workers_;
  VaultOptions options_;
  codec::GearTable gear_;

  // Destroyed in the opposite order: each uses those above it.
  TaskGroup journal_tasks_;
  TaskGroup tasks_;
  std::unique_ptr<RangeLog> log_;
  TableHome* home_;
  std::unique_ptr<env::Table> table_;
  std::optional<Journal> journal_;
  std::optional<ChunkIndex> index_;
  std::optional<SegmentStore> segments_;
  std::optional<ChunkFetcher> fetcher_;

  Semaphore record_credit_;
  Mutex checkpointing_;
  Mutex collecting_;
  std::uint64_t checkpoint_before_ = 0;  // What the last checkpoint had applied.
  std::uint64_t log_bytes_before_ = 0;   // What it left of the log.
  std::uint64_t replayed_changes_ = 0;
  std::uint64_t log_bytes_copied_ = 0;  // What the last copy of the tables left of it.
  Instant copy_not_before_;
  std::deque<Checkpoint> checkpoints_;  // Kept, older first.
  std::size_t unreadable_ = 0;          // Of these, the newest so many.
  std::uint64_t changes_flushed_ = 0;   // Of changes_ever(), in durable tables.
  WaitList log_grew_;
  WaitList tail_moved_;
  WaitList log_shrank_;
  std::size_t commits_ = 0;  // At work.
  WaitList commit_ended_;
  bool is_open_ = false;  // All that the log has is in tables and segments of this session.
  bool is_closing_ = false;
};

}  // namespace holdfast::vault
