#include "vault/chunk_cache.h"

namespace holdfast::vault {
namespace {

constexpr std::size_t small_share = 10;  // The small queue has a tenth of the room.
constexpr std::uint8_t reads_max = 3;
constexpr std::size_t entry_overhead_bytes = 200;  // Of maps, queues and the allocator, roughly.

std::size_t cost_of(const PlainChunk& chunk) {
  return chunk.view().size() + entry_overhead_bytes;
}

}  // namespace

PlainChunkPtr ChunkCache::find(const ChunkId& id) {
  const auto found = slots_.find(id);
  if (found == slots_.end() || !found->second.chunk) return nullptr;
  if (found->second.reads < reads_max) ++found->second.reads;
  return found->second.chunk;
}

void ChunkCache::add(const ChunkId& id, PlainChunkPtr chunk) {
  const std::size_t cost = cost_of(*chunk);
  if (cost > bytes_max_ / small_share) return;
  Slot& slot = slots_[id];
  if (slot.chunk) return;
  // A ghost that comes back has proved itself. Its name stays in ghosts_ until it gets to the
  // front.
  slot.is_main = slot.is_main || slot.reads > 0;
  slot.reads = 0;
  slot.chunk = std::move(chunk);
  bytes_ += cost;
  if (slot.is_main) {
    main_.push_back(id);
  } else {
    small_.push_back(id);
    small_bytes_ += cost;
  }
  while (bytes_ > bytes_max_) evict();
}

void ChunkCache::evict() {
  if (small_bytes_ > bytes_max_ / small_share || main_.empty()) {
    evict_small();
  } else {
    evict_main();
  }
}

void ChunkCache::evict_small() {
  const ChunkId id = small_.front();
  small_.pop_front();
  Slot& slot = slots_.at(id);
  const std::size_t cost = cost_of(*slot.chunk);
  small_bytes_ -= cost;
  if (slot.reads > 0) {
    slot.is_main = true;
    slot.reads = 0;
    main_.push_back(id);
    return;
  }
  bytes_ -= cost;
  slot.chunk = nullptr;
  slot.reads = 1;  // Marks the ghost: see add().
  ghosts_.push_back(id);
  while (ghosts_.size() > small_.size() + main_.size() + 1) {
    const auto oldest = slots_.find(ghosts_.front());
    ghosts_.pop_front();
    if (oldest != slots_.end() && !oldest->second.chunk) slots_.erase(oldest);
  }
}

void ChunkCache::evict_main() {
  const ChunkId id = main_.front();
  main_.pop_front();
  const auto found = slots_.find(id);
  if (found->second.reads > 0) {
    --found->second.reads;
    main_.push_back(id);
    return;
  }
  bytes_ -= cost_of(*found->second.chunk);
  slots_.erase(found);
}

}  // namespace holdfast::vault
