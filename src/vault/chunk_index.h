// ChunkIndex answers where a chunk lies, or that it is not known, and keeps chunks that somebody
// relies on from being collected.
//
// An answer takes into account what is on its way: chunks of open segments, and condemnations that
// are submitted but not applied. All judgements are made in one turn of the loop with what follows
// from them.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/table.h"
#include "vault/content.h"
#include "vault/open_segment.h"
#include "vault/segment_format.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace holdfast::vault {

struct Reliance {
  std::vector<ChunkId> chunks;
};

class ChunkIndex {
 public:
  explicit ChunkIndex(env::Table& table) : table_(table) {}
  ChunkIndex(const ChunkIndex&) = delete;
  ChunkIndex& operator=(const ChunkIndex&) = delete;

  // Known: `place`. In an open segment, not yet registered: `pending`. Neither: missing.
  struct Found {
    std::optional<Place> place;
    std::shared_ptr<PendingChunk> pending;

    bool is_missing() const { return !place && !pending; }
  };
  // One answer for each id. Those that are found count as needed from this turn on.
  Task<Result<std::vector<Found>>> find(std::vector<ChunkId> ids);

  // Only where to read it.
  Task<Result<std::vector<std::optional<Place>>>> places(std::vector<ChunkId> ids);

  // Rows that have appeared so far: where it is the same after a wait as before, none has
  // meanwhile.
  std::uint64_t settled_ever() const { return settled_ever_; }

  // In the turn: whether it is in an open segment.
  std::shared_ptr<PendingChunk> find_pending(const ChunkId& id) const;
  void add_pending(std::shared_ptr<PendingChunk> chunk);
  // Its row is in the table now.
  void settle(PendingChunk& chunk);

  // --- Protection from collection.

  // Keeps what is listed in the Reliance (now or later) until it is let go.
  std::shared_ptr<Reliance> make_reliance();
  void rely(Reliance& reliance, const ChunkId& id);

  // From now on everything that is found, added or relied on counts as needed.
  void begin_cycle();
  void end_cycle();
  bool is_needed(const ChunkId& id) const { return needed_.contains(std::hash<ChunkId>()(id)); }

  // The chunk cannot be read where its row says: from now on it is missing to those who would store
  // it, until one of them has.
  void distrust(const ChunkId& id, const Place& place);
  std::optional<Place> distrusted(const ChunkId& id) const;

  // Between its submission and its application a condemned chunk is unknown.
  void condemn(const ChunkId& id) { condemned_.insert(id); }
  void condemned_applied(const ChunkId& id);
  bool is_condemned(const ChunkId& id) const { return condemned_.contains(id); }

 private:
  void touch(const ChunkId& id) {
    if (is_cycle_active_) needed_.insert(std::hash<ChunkId>()(id));
  }

  env::Table& table_;
  std::unordered_map<ChunkId, std::shared_ptr<PendingChunk>> pending_;
  std::unordered_set<ChunkId> condemned_;
  std::unordered_map<ChunkId, Place> distrusted_;

  // Rows that changed while a lookup was away, so that its answer is asked for again.
  std::uint64_t settled_ever_ = 0;
  std::uint64_t condemned_ever_ = 0;

  bool is_cycle_active_ = false;
  std::unordered_set<std::size_t>
      needed_;  // Hashes of ids: taking one too many for needed is safe.
  std::vector<std::weak_ptr<Reliance>> reliances_;
  std::size_t prune_at_ = 64;
};

}  // namespace holdfast::vault
