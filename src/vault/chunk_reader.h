// From chunk ids back to bytes: places looked up, blocks read in as few pieces as possible,
// decrypted and verified, some way ahead of whoever reads.
#pragma once

#include "base/sync.h"
#include "env/workers.h"
#include "slot/slot.h"
#include "vault/chunk_cache.h"
#include "vault/chunk_index.h"
#include "vault/keys.h"
#include "vault/segment_store.h"
#include "vault/vault.h"

#include <memory>
#include <string>
#include <vector>

namespace holdfast::vault {

// Fetches chunks, whole. Outlives every reader made with it.
class ChunkFetcher {
 public:
  struct Environment {
    slot::Slot& slot;
    SegmentStore& segments;
    ChunkIndex& index;
    const KeyRing& keys;
    env::Workers& workers;
    boost::asio::any_io_executor executor;
    TaskGroup& tasks;
  };

  ChunkFetcher(Environment environment, std::size_t cache_bytes);

  // In the order asked for. `corrupt` when a chunk is not what it should be, or gone.
  Task<Result<std::vector<PlainChunkPtr>>> fetch(std::vector<Extent> extents);

  // Compressed or encrypted bytes of one segment's chunks decoded, for the compactor.
  Task<Result<PlainChunkPtr>> fetch_from(const ChunkEntry& entry, const Place& place);

  // How much a reader of a long stream may ask for at a time, with as many as there are.
  std::size_t window_bytes() const;
  void note_reader(int change) { readers_ += static_cast<std::size_t>(change); }

  PlainChunkPtr find_cached(const ChunkId& id) { return cache_.find(id); }
  const Environment& environment() const { return env_; }

 private:
  // Chunks of one segment that lie near each other.
  struct Run {
    SegmentNumber segment = 0;
    std::uint32_t begin = 0;  // Bytes in the segment.
    std::uint32_t end = 0;
    std::vector<std::size_t> wanted;  // Into the list asked for.

    // Once it was read.
    std::uint32_t blocks_begin = 0;  // The whole blocks that it lies in, bytes in the segment.
    std::uint32_t blocks_end = 0;
    MutableByteView blocks;
    Result<void> outcome;
    SegmentIdentity identity;
    codec::SecretKey key;
  };
  struct Wanted {
    ChunkId id;
    std::uint32_t plain = 0;
    std::optional<Place> place;
    std::shared_ptr<PlainChunk> chunk;
  };

  Task<Result<void>> locate(std::vector<Wanted>& wanted);
  static std::vector<Run> plan(const std::vector<Wanted>& wanted);
  static Run run_of(std::size_t index, const Place& place);
  Task<void> read(std::vector<Run>& runs, std::vector<Wanted>& wanted);
  Task<Result<void>> read_one(std::size_t index, std::vector<Wanted>& wanted);
  Task<Result<void>> load(Run& run);
  static Result<void> open(const Run& run, std::vector<Wanted>& wanted);
  Task<Result<void>> read_again(std::size_t index, std::vector<Wanted>& wanted);

  Environment env_;
  ChunkCache cache_;
  Semaphore reading_;
  std::size_t readers_ = 0;
};

class ChunkReader final : public ContentReader {
 public:
  ChunkReader(ChunkFetcher& fetcher, std::vector<Extent> extents, std::uint64_t offset,
              std::uint64_t size, std::string label);
  ChunkReader(const ChunkReader&) = delete;
  ChunkReader& operator=(const ChunkReader&) = delete;
  ~ChunkReader() override;

  Task<Result<std::span<const ByteView>>> read() override;

 private:
  // A window of chunks on its way. Shared with the task that fetches it, which may outlive us.
  struct Window {
    Event done;
    Result<std::vector<PlainChunkPtr>> chunks;
  };

  static Task<void> fetch(ChunkFetcher& fetcher, std::vector<Extent> extents,
                          std::shared_ptr<Window> window);
  Task<Result<std::vector<PlainChunkPtr>>> next_chunks();
  void read_ahead();
  std::vector<Extent> next_window();

  ChunkFetcher& fetcher_;
  std::vector<Extent> extents_;
  std::size_t next_ = 0;       // Extent that the next window begins with.
  std::uint64_t skip_;         // Bytes of the first chunk that are not wanted.
  std::uint64_t left_;         // Bytes still to be given.
  std::uint64_t unasked_ = 0;  // Bytes, from where the next window begins, not yet asked for.
  std::uint64_t position_;     // In the content, for messages.
  std::string label_;
  std::size_t window_bytes_;  // Of the next one.
  std::shared_ptr<Window> coming_;
  std::vector<PlainChunkPtr> chunks_;  // Of the window that is being given.
  std::vector<ByteView> pieces_;       // What of them is wanted.
};

}  // namespace holdfast::vault
