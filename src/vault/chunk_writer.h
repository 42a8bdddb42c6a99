// Where a stream of bytes becomes chunks in segments: cut, named, looked up, compressed and
// encrypted where it is new.
#pragma once

#include "codec/chunker.h"
#include "codec/compress.h"
#include "codec/gear.h"
#include "env/workers.h"
#include "vault/chunk_index.h"
#include "vault/segment_store.h"
#include "vault/vault.h"

#include <memory>
#include <vector>

namespace holdfast::vault {

class ChunkWriter final : public ContentWriter {
 public:
  struct Environment {
    SegmentStore& segments;
    ChunkIndex& index;
    env::Workers& workers;
    const codec::GearTable& gear;
  };

  ChunkWriter(Environment environment, codec::SecretKey chunk_id_key);

  Task<Result<void>> write(ByteView bytes) override;
  Task<Result<Content>> finish() override;

 private:
  // A chunk on its way through a batch.
  struct Item {
    ChunkId id;
    ByteView plain;
    codec::Effort effort = codec::Effort::quick;
    std::shared_ptr<PendingChunk> pending;  // Ours, once it has a place.
    std::optional<std::size_t> compressed;  // Bytes in scratch_ from scratch_at on.
    std::size_t scratch_at = 0;
  };

  std::vector<Item> cut(ByteView piece);
  Item name(ByteView plain);
  Task<Result<void>> take(std::vector<Item> items);
  Task<Result<std::vector<std::size_t>>> keep_missing(std::vector<Item>& items);
  Task<void> compress(std::vector<Item>& items, const std::vector<std::size_t>& missing);
  Task<Result<void>> place(std::vector<Item>& items, const std::vector<std::size_t>& missing);
  Task<void> seal(std::vector<Item>& items, std::size_t size);
  void note(const Item& item, std::shared_ptr<PendingChunk> pending);

  Environment env_;
  codec::SecretKey chunk_id_key_;
  codec::Chunker chunker_;
  std::uint64_t position_ = 0;  // Bytes that have become chunks.
  Bytes tail_;                  // Of the chunk that goes on in the next write().
  Bytes joined_;  // The chunk that began in an earlier write(), while its batch is at work.
  Bytes scratch_;
  Content content_;
};

}  // namespace holdfast::vault
