// Journal turns changes into records of the range's log, and acknowledged records into rows of the
// table: durable, then applied, then acknowledged, in the order of submission.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/table.h"
#include "vault/journal_record.h"
#include "vault/range_log.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace holdfast::vault {

class Journal {
 public:
  // Both must outlive the journal, whose table has everything up to `applied` applied.
  Journal(RangeLog& log, env::Table& table, std::uint64_t applied);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Starts applying, in tasks of `group`.
  void start(const boost::asio::any_io_executor& executor, TaskGroup& group);

  // What to submit. `on_applied` runs right after the changes became visible.
  struct Entry {
    env::Batch changes;
    std::vector<Frame> frames;
    std::function<void()> on_applied;
  };

  // The number that the next submission gets.
  std::uint64_t next_sequence() const { return log_.next_sequence(); }

  // In this turn of the loop: puts the entry after all submitted before.
  std::uint64_t submit(Entry entry);

  // Returns once it is durable and applied. An error is final: the owner's time is over.
  Task<Result<void>> wait_applied(std::uint64_t sequence);

  // Both.
  Task<Result<std::uint64_t>> commit(Entry entry);

  std::uint64_t applied() const { return applied_; }

  // Changes submitted since this process started: what it would take to replay them.
  std::uint64_t changes_ever() const { return changes_ever_; }

  const std::optional<Error>& failure() const { return failure_; }
  RangeLog& log() { return log_; }

  // Nothing may be submitted any more; returns when what was submitted is applied or failed.
  Task<void> stop();

 private:
  struct Submitted {
    std::uint64_t sequence;
    env::Batch changes;
    std::function<void()> on_applied;
  };

  Task<void> apply_all();
  Task<Result<void>> apply_next();
  void fail_all(Error error);

  RangeLog& log_;
  env::Table& table_;
  std::uint64_t applied_;
  std::uint64_t changes_ever_ = 0;
  std::deque<Submitted> submitted_;
  std::deque<std::pair<std::uint64_t, std::shared_ptr<Event>>> waiting_;  // By sequence.
  std::optional<Error> failure_;
  bool is_stopping_ = false;
  bool has_ended_ = true;
  WaitList work_;
  WaitList ended_;
};

// A row value of one number.
std::string encode_number(std::uint64_t number);
Result<std::uint64_t> decode_number(std::string_view row);

}  // namespace holdfast::vault
