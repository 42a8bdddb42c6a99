// A segment that is being filled: its bytes in memory, and which of its chunks are safe by other
// means already. Becomes durable as a whole when it is sealed (vault/segment_store.h).
#pragma once

#include "base/sync.h"
#include "vault/segment_format.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace holdfast::vault {

struct OpenSegment;

// A chunk of an open segment whose row is not yet in the index's table.
//
//   buffered ---- its record or its segment's is submitted ----> submitted ---- applied ---->
//   applied
struct PendingChunk {
  enum class State : std::uint8_t { buffered, submitted, applied };

  std::shared_ptr<OpenSegment> segment;
  ChunkId id;
  Place place;
  State state = State::buffered;
  std::uint64_t sequence = 0;     // Of the record that registers it, once submitted.
  bool is_filled = false;         // Its ciphertext is in the buffer.
  std::optional<Place> replaces;  // Has a row already, which names this place.
};

struct OpenSegment {
  SegmentNumber number = 0;
  SegmentIdentity identity;
  codec::SecretKey key;

  AlignedBuffer buffer;
  std::size_t chunks_end = 0;
  std::vector<ChunkEntry> entries;
  std::vector<std::shared_ptr<PendingChunk>> pending;  // By index; null once applied.

  std::size_t unfilled = 0;  // Places given out whose ciphertext is still being made.
  WaitList filled;           // Woken whenever unfilled falls to 0.

  bool is_closed = false;        // Takes no more chunks; being sealed.
  Event settled;                 // Sealed and registered, or given up when the vault ends.
  Event judged;                  // The same, or in trouble.
  std::optional<Error> trouble;  // Why the disk did not take it at first.
  bool has_failed = false;

  // The oldest record of the log that holds a chunk of this segment; 0: none does.
  std::uint64_t oldest_logged = 0;

  bool has_room(std::size_t stored) const {
    return !is_closed && entries.size() < segment_chunks_max &&
           chunks_end + stored + segment_tail_bytes(entries.size() + 1) <= buffer.size();
  }
  MutableByteView bytes_of(const Place& place) {
    return buffer.view().subspan(place.offset, place.stored);
  }
};

}  // namespace holdfast::vault
