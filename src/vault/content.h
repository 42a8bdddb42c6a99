// Content: what a stream of bytes became: a list of chunks, some of which are still on their way to
// durable storage.
#pragma once

#include "base/id.h"

#include <cstdint>
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

// Keeps the chunks of a content that no record names yet from being collected, for as long as it is
// held. Private to the vault.
struct Reliance;

struct Content {
  std::uint64_t size = 0;
  std::vector<Extent> extents;

  // What a record that names these chunks must bring along, and hold on to until it is applied.
  std::vector<std::shared_ptr<PendingChunk>> pending;
  std::shared_ptr<Reliance> reliance;
};

}  // namespace holdfast::vault
