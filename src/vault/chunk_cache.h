// Plain chunks in memory, by id: S3-FIFO (Yang et al., SOSP 2023), so that one pass over much data
// does not push out what is read again and again.
#pragma once

#include "base/bytes.h"
#include "base/id.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>

namespace holdfast::vault {

// The bytes of a chunk, verified.
class PlainChunk {
 public:
  explicit PlainChunk(std::size_t size) {
    if (size >= AlignedBuffer::recycled_bytes_min) {
      large_ = AlignedBuffer(size);
    } else {
      small_.resize(size);
    }
  }

  MutableByteView writable() { return large_.size() > 0 ? large_.view() : MutableByteView(small_); }
  ByteView view() const { return large_.size() > 0 ? large_.view() : ByteView(small_); }

 private:
  Bytes small_;  // A block of its own would be mostly empty.
  AlignedBuffer large_;
};

using PlainChunkPtr = std::shared_ptr<const PlainChunk>;

class ChunkCache {
 public:
  explicit ChunkCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  PlainChunkPtr find(const ChunkId& id);
  void add(const ChunkId& id, PlainChunkPtr chunk);
  std::size_t size_bytes() const { return bytes_; }

 private:
  struct Slot {
    PlainChunkPtr chunk;  // Null: a ghost, remembered without its bytes.
    std::uint8_t reads = 0;
    bool is_main = false;
  };

  void evict();
  void evict_small();
  void evict_main();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::size_t small_bytes_ = 0;
  std::unordered_map<ChunkId, Slot> slots_;
  std::deque<ChunkId> small_;
  std::deque<ChunkId> main_;
  std::deque<ChunkId> ghosts_;
};

}  // namespace holdfast::vault
