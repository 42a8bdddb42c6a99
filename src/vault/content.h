// Content: what a stream of bytes became: a list of chunks, some of which are still on their way to
// durable storage.
#pragma once

#include "base/id.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace holdfast::vault {

// A piece of an object: a chunk, whole. Extents of one content lie end to end.
struct Extent {
  ChunkId chunk;
  std::uint32_t size = 0;  // Plain bytes.

  bool operator==(const Extent&) const = default;
};

// A chunk in an open segment that no acknowledged record holds yet. Private to the vault.
struct PendingChunk;

// No answer and no grant relied on so far.
inline constexpr std::uint64_t collection_none = std::numeric_limits<std::uint64_t>::max();

struct Content {
  std::uint64_t size = 0;
  std::vector<Extent> extents;

  // What a record that names these chunks must bring along or rely on.
  std::vector<std::shared_ptr<PendingChunk>> pending;
  std::uint64_t least_collection = collection_none;
};

}  // namespace holdfast::vault
