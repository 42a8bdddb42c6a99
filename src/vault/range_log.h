// RangeLog is the owner's side of a range's log: a chain of generations, replicated over slots,
// with one writer at a time.
//
// Acknowledged means durable on A = m+1 of the E slots of the generation; a take-over fences F of
// them first, so that no set that acknowledged escapes every set that was fenced. The protocol and
// the reasons for its rules are in docs/design (checked exhaustively by models/log). Records are
// encrypted under a key of their generation; slots see their lengths only.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/clock.h"
#include "env/random.h"
#include "grid/coordination.h"
#include "slot/slot.h"
#include "vault/keys.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::vault {

struct RangeLogOptions {
  std::string range = "range-0";  // The name of its row in coordination.
  unsigned losses_max = 0;        // m: the largest of any policy in the range.
};

class RangeLog {
 public:
  // Takes the range over: fences the newest generation, brings what it holds to a new one, and
  // opens that. With no generation yet, makes the first. `slots` must outlive the log. Fails with
  // `unavailable` when too few slots answer, `corrupt` by damage, `conflict` by another owner.
  static Task<Result<std::unique_ptr<RangeLog>>> take_over(grid::Coordination& coordination,
                                                           std::vector<slot::Slot*> slots,
                                                           const KeyRing& keys, env::Clock& clock,
                                                           env::Random& random,
                                                           RangeLogOptions options);

  virtual ~RangeLog() = default;

  // Calls `visitor` with each record from `from` on, in order, up to the end that the take-over
  // found. Before the first append only. `corrupt` when a record that must be there is not, or
  // `from` was truncated already.
  using ReplayVisitor = std::function<Task<Result<void>>(std::uint64_t sequence, ByteView record)>;
  virtual Task<Result<void>> replay(std::uint64_t from, ReplayVisitor visitor) = 0;

  // Of the oldest record kept: one more than the last if there is none.
  virtual std::uint64_t first_sequence() const = 0;

  // The number that the next append gets; numbers run on over generations and begin at 1.
  virtual std::uint64_t next_sequence() const = 0;

  // Puts `record` after all submitted before and returns its number at once, in the same turn of
  // the loop. What is submitted while a batch is being synced goes with the next one.
  virtual std::uint64_t submit(Bytes record) = 0;

  // Returns when everything up to `sequence` is acknowledged. An error means that this owner's time
  // is over: the outcome of what was not acknowledged is unknown, and each later call fails as
  // well.
  virtual Task<Result<void>> wait_for(std::uint64_t sequence) = 0;

  // Everything up to here is acknowledged.
  virtual std::uint64_t acknowledged() const = 0;

  // Forgets records below `until`.
  virtual Task<Result<void>> truncate(std::uint64_t until) = 0;

  // Bytes kept since the last truncation, for deciding when to checkpoint.
  virtual std::uint64_t size_bytes() const = 0;

  // Little room is left for the log. What still goes into it should free room: then it goes on for
  // a while, in room that was kept back for that. Where it does not, wait_for() fails with `full`.
  virtual bool is_short_of_room() { return false; }

  // Whether this process may still answer reads: it owns the range, and its lease has not run out.
  virtual bool may_serve() const = 0;

  // Waits for what is under way and ends the writer. Call before destroying it.
  virtual Task<void> close() = 0;
};

}  // namespace holdfast::vault
