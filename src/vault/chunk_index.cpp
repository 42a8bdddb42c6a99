#include "vault/chunk_index.h"

#include "base/check.h"
#include "vault/families.h"

namespace holdfast::vault {
namespace {

// Damaged chunks remembered: more of them are a disk to be replaced.
constexpr std::size_t distrusted_max = 65'536;

std::string key_of(const ChunkId& id) {
  return std::string(as_text(id.view()));
}

}  // namespace

Task<Result<std::vector<ChunkIndex::Found>>> ChunkIndex::find(std::vector<ChunkId> ids) {
  std::vector<Found> found(ids.size());
  for (;;) {
    std::vector<std::string> keys;
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!found[i].is_missing() || pending_.contains(ids[i])) continue;
      keys.push_back(key_of(ids[i]));
      asked.push_back(i);
    }
    const auto settled_before = settled_ever_;
    const auto condemned_before = condemned_ever_;
    CO_TRY_LET(const auto rows, co_await table_.get_many(chunks_family, std::move(keys)));
    // A row that appeared or went while the question was under way: ask again.
    if (settled_before != settled_ever_ || condemned_before != condemned_ever_) continue;

    for (std::size_t k = 0; k < asked.size(); ++k) {
      const std::size_t i = asked[k];
      if (!rows[k] || condemned_.contains(ids[i])) continue;
      CO_TRY_LET(const Place place, decode_place(*rows[k]));
      if (distrusted(ids[i]) != place) found[i].place = place;
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (found[i].is_missing()) found[i].pending = find_pending(ids[i]);
      if (!found[i].is_missing()) touch(ids[i]);
    }
    co_return found;
  }
}

Task<Result<std::vector<std::optional<Place>>>> ChunkIndex::places(std::vector<ChunkId> ids) {
  std::vector<std::optional<Place>> places(ids.size());
  std::vector<std::string> keys;
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (const auto pending = find_pending(ids[i])) {
      places[i] = pending->place;
    } else {
      keys.push_back(key_of(ids[i]));
      asked.push_back(i);
    }
  }
  if (asked.empty()) co_return places;
  CO_TRY_LET(const auto rows, co_await table_.get_many(chunks_family, std::move(keys)));
  for (std::size_t k = 0; k < asked.size(); ++k) {
    if (rows[k]) {
      CO_TRY_LET(places[asked[k]], decode_place(*rows[k]));
    } else if (const auto pending = find_pending(ids[asked[k]])) {
      places[asked[k]] = pending->place;
    }
  }
  co_return places;
}

std::shared_ptr<PendingChunk> ChunkIndex::find_pending(const ChunkId& id) const {
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : found->second;
}

void ChunkIndex::add_pending(std::shared_ptr<PendingChunk> chunk) {
  touch(chunk->id);
  const bool is_new = pending_.emplace(chunk->id, chunk).second;
  check(is_new, "a chunk is pending in one place only");
}

void ChunkIndex::settle(PendingChunk& chunk) {
  chunk.state = PendingChunk::State::applied;
  ++settled_ever_;
  distrusted_.erase(chunk.id);
  pending_.erase(chunk.id);
}

void ChunkIndex::distrust(const ChunkId& id, const Place& place) {
  if (distrusted_.size() < distrusted_max) distrusted_.insert_or_assign(id, place);
}

std::optional<Place> ChunkIndex::distrusted(const ChunkId& id) const {
  const auto found = distrusted_.find(id);
  if (found == distrusted_.end()) return std::nullopt;
  return found->second;
}

void ChunkIndex::condemned_applied(const ChunkId& id) {
  ++condemned_ever_;
  condemned_.erase(id);
}

std::shared_ptr<Reliance> ChunkIndex::make_reliance() {
  if (reliances_.size() >= prune_at_) {
    std::erase_if(reliances_, [](const auto& reliance) { return reliance.expired(); });
    prune_at_ = std::max<std::size_t>(64, reliances_.size() * 2);
  }
  auto reliance = std::make_shared<Reliance>();
  reliances_.push_back(reliance);
  return reliance;
}

void ChunkIndex::rely(Reliance& reliance, const ChunkId& id) {
  reliance.chunks.push_back(id);
  touch(id);
}

void ChunkIndex::begin_cycle() {
  check(!is_cycle_active_, "one collection runs at a time");
  is_cycle_active_ = true;
  needed_.clear();
  for (const auto& [id, chunk] : pending_) touch(id);
  for (const auto& weak : reliances_) {
    if (const auto reliance = weak.lock()) {
      for (const ChunkId& id : reliance->chunks) touch(id);
    }
  }
}

void ChunkIndex::end_cycle() {
  is_cycle_active_ = false;
  needed_ = {};
}

}  // namespace holdfast::vault
