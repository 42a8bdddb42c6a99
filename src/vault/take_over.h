// TakeOver makes this process the owner of a range's log: it claims the next epoch, fences the
// newest generation, brings what that holds to a new generation of its own, and opens it. The steps
// and why none may be left out are in docs/design/range-log.md.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/clock.h"
#include "env/random.h"
#include "grid/coordination.h"
#include "slot/slot.h"
#include "vault/keys.h"
#include "vault/range_log.h"
#include "vault/range_row.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::vault {

// A generation that is open and ours.
struct OpenGeneration {
  Generation generation;
  std::vector<slot::Slot*> slots;  // In the order of generation.members.
  slot::LogTail before;            // The oldest record kept.
  slot::LogTail tail;              // Where the writer goes on.
  std::uint64_t size_bytes = 0;    // Of the records kept.
};

class TakeOver {
 public:
  // How long to wait for the rest once enough are fenced, and at most for anybody.
  static constexpr Duration fence_grace = std::chrono::milliseconds(200);
  static constexpr Duration fence_wait_max = std::chrono::seconds(30);
  static constexpr std::size_t copy_bytes = 4 * mib;  // At a time.

  // All of this must outlive it. `tasks` gets what may go on after run() has returned: answers of
  // slots that nobody waits for any more.
  struct Environment {
    grid::Coordination& coordination;
    const std::vector<slot::Slot*>& slots;
    const KeyRing& keys;
    env::Clock& clock;
    env::Random& random;
    const RangeLogOptions& options;
    TaskGroup& tasks;
    std::vector<SlotId> avoided;  // Slots that get no new log: they failed just now.
  };

  explicit TakeOver(Environment environment) : environment_(environment) {}

  // Once. `conflict` when somebody else takes over, `unavailable` when too few slots answer,
  // `corrupt` when damage is why, or those that do have no whole log between them.
  Task<Result<OpenGeneration>> run();

 private:
  struct Fenced {
    slot::Slot* slot;
    slot::FenceReply reply;
  };
  struct FenceRound;
  struct Target {
    slot::Slot* slot;
    slot::LogWriter writer;
    slot::Slot::Continued content;  // What it began with.
    std::optional<Error> failure;
  };

  Task<Result<void>> claim();
  Task<Result<void>> fence();
  Result<void> judge(const Generation& old, const FenceRound& round);
  Task<Result<OpenGeneration>> bring();
  Task<Result<OpenGeneration>> bring_from(const Fenced* holder);
  Task<Result<void>> make_logs(Generation& generation, slot::LogTail start, const Fenced* holder);
  Task<Result<slot::Slot::Continued>> make_log(Target target, slot::LogTail start, Bytes header,
                                               const Fenced* holder);
  Task<Result<std::uint64_t>> copy(const Fenced& holder);
  Task<void> append_to(Target& target, slot::LogTail before, std::span<const ByteView> records);
  Task<Result<void>> append_to_all(slot::LogTail before, std::span<const ByteView> records);
  Task<Result<void>> open(const Generation& generation);
  Task<void> remove_others(const Generation& opened);
  slot::Slot* slot_of(const SlotId& id) const;

  static Task<void> ask(std::shared_ptr<FenceRound> round, std::size_t place, slot::Slot* slot,
                        GenerationId generation, std::uint64_t epoch);
  static Task<void> tick(std::shared_ptr<FenceRound> round, env::Clock& clock);

  Environment environment_;
  RangeRow row_;
  std::uint64_t row_version_ = 0;
  std::vector<Fenced> fenced_;   // Longest first.
  std::vector<Target> targets_;  // Of the new generation.
};

}  // namespace holdfast::vault
