// Replication carries the records of one generation to its slots: per slot one append under way
// while the next batch gathers. A record is acknowledged once A slots have synced it.
//
// What a slot does to it: `full` is tried again for a while; any other failure strikes the slot
// off; with fewer than A left, or when a slot says that somebody else owns the log, the whole has
// failed, and stays so.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/clock.h"
#include "slot/slot.h"
#include "vault/take_over.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace holdfast::vault {

struct SealedRecord {
  slot::LogTail before;
  slot::LogTail after;
  Bytes bytes;
};

class Replication {
 public:
  static constexpr std::size_t batch_bytes_max = 4 * mib;  // One record may have more.
  static constexpr std::size_t batch_records_max = 4096;

  // A replica that lags so far behind is struck off where it can be spared.
  static constexpr std::size_t lag_bytes_max = 16 * mib;
  static constexpr Duration lag_span_max = std::chrono::seconds(1);

  // How long and how often an append is repeated for which there was no room.
  static constexpr Duration full_patience = std::chrono::seconds(10);
  static constexpr Duration full_pause = std::chrono::milliseconds(100);

  // Wakes `changed` whenever something else can be learnt from it. Both must outlive it.
  Replication(const OpenGeneration& generation, env::Clock& clock, WaitList& changed);
  Replication(const Replication&) = delete;
  Replication& operator=(const Replication&) = delete;

  // Starts the work, in tasks of `group`, which must be joined after stop() and before this goes.
  void start(const boost::asio::any_io_executor& executor, TaskGroup& group);

  // Takes the next record: its `before` is the last one's `after`.
  void push(SealedRecord record);

  // Where the next record goes.
  const slot::LogTail& tail() const { return tail_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  const std::optional<Error>& failure() const { return failure_; }

  // The slots that failed, and how the last of them did.
  std::vector<SlotId> struck_off() const;
  const std::optional<Error>& trouble() const { return trouble_; }

  // Of all slots that are still with us. A slot that fails is struck off.
  Task<void> truncate(std::uint64_t until);

  // No more batches begin.
  void stop();

  // Whether nothing is under way any more, after stop().
  bool has_ended() const { return running_ == 0; }

  // What was pushed after record `sequence`, not all of it acknowledged; for whoever goes on in a
  // later generation.
  std::vector<std::shared_ptr<const SealedRecord>> records_after(std::uint64_t sequence) const;

 private:
  using Item = std::shared_ptr<const SealedRecord>;

  struct Replica {
    slot::Slot* slot = nullptr;
    slot::LogWriter writer;
    std::uint64_t synced = 0;  // Everything up to here.
    bool is_struck_off = false;
    std::optional<Instant> busy_since;
    WaitList work;
  };

  Task<void> replicate(Replica& replica);
  Task<Result<void>> append(Replica& replica, const std::vector<Item>& batch);
  Task<void> truncate_one(Replica& replica, std::uint64_t until);
  std::vector<Item> next_batch(const Replica& replica) const;
  void synced(Replica& replica, std::uint64_t sequence);
  void failed(Replica& replica, Error error);
  void fail_all(Error error);
  void drop_what_all_have();
  void strike_off_laggards();
  std::size_t living() const;

  std::uint32_t acknowledgements_;
  env::Clock& clock_;
  std::deque<Replica> replicas_;
  std::deque<Item> items_;  // What some living replica has yet to sync, or nobody acknowledged.
  std::size_t items_bytes_ = 0;
  slot::LogTail tail_;
  std::uint64_t acknowledged_ = 0;
  std::size_t running_ = 0;
  bool is_stopping_ = false;
  std::optional<Error> failure_;
  std::optional<Error> trouble_;
  WaitList& changed_;
};

}  // namespace holdfast::vault
