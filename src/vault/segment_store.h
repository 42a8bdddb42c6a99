// SegmentStore fills segments with chunks, seals them into shards, and knows where each segment
// lies.
//
// At most open_segments_max segments are in memory at a time; whoever wants room for another chunk
// waits until one has been sealed. A segment's number and id are granted by the log before they are
// used, so that whatever a crash leaves of them is known.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/workers.h"
#include "slot/slot.h"
#include "vault/chunk_index.h"
#include "vault/journal.h"
#include "vault/keys.h"
#include "vault/open_segment.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace holdfast::vault {

inline constexpr std::size_t open_segments_max = 4;

// One row of segments_family.
struct SegmentRow {
  enum class State : std::uint8_t { granted = 1, sealed = 2, dead = 3 };

  SegmentId id;
  State state = State::granted;
  SegmentKind kind = SegmentKind::data;
  std::uint32_t key_generation = 0;
  std::uint64_t session = 0;     // The start of the owner that it was granted to.
  std::uint64_t collection = 0;  // The collection's number then.
  std::uint64_t sealed_at = 0;   // Sequence, roughly: the age for choosing what to compact.
  std::uint32_t size = 0;        // Bytes of all its data shards.
  std::uint32_t chunk_count = 0;
  std::vector<SlotId> slots;  // Of shard 0, 1, …
  std::vector<codec::MerkleHash> roots;
};

std::string encode_segment_row(const SegmentRow& row);
Result<SegmentRow> decode_segment_row(std::string_view bytes);
std::string segment_key_of(SegmentNumber number);  // Big-endian, as the key of its row.
SegmentNumber segment_number_of(std::string_view key);

// Counters of counters_family.
inline constexpr std::string_view totals_key = "total";  // Plain bytes, chunks.
std::string segment_counters_key(SegmentNumber number);  // Stored bytes, chunks, in the index.

// What is bound into everything sealed in the segment of that row.
SegmentIdentity segment_identity(const KeyRing& keys, const SegmentRow& row);

class SegmentStore {
 public:
  // What it works with; all must outlive it.
  struct Environment {
    slot::Slot& slot;
    Journal& journal;
    ChunkIndex& index;
    env::Table& table;
    const KeyRing& keys;
    env::Clock& clock;
    env::Random& random;
    env::Workers& workers;
    boost::asio::any_io_executor executor;
    TaskGroup& tasks;
  };

  SegmentStore(Environment environment, std::uint64_t session);

  ~SegmentStore();
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;

  // Reads the rows of all segments, and is granted the first new ones.
  Task<Result<void>> open();

  // What a segment is wanted for: new content; chunks that were in memory before a crash and find
  // room there again, whatever else is in it; compaction, which frees more than it takes and so
  // goes on where content is refused, as long as what is in memory still finds room; a checkpoint,
  // which may use all the room on the disk that is held back from content.
  enum class Claim : std::uint8_t { content, moved, compaction, checkpoint };

  // Waits for a segment with room for a chunk of `stored` bytes. `full` when the disk is.
  Task<Result<std::shared_ptr<OpenSegment>>> with_room(std::size_t stored,
                                                       Claim claim = Claim::content);

  // In the same turn: gives the chunk its place. Fill bytes_of(place), then call filled().
  std::shared_ptr<PendingChunk> reserve(const std::shared_ptr<OpenSegment>& segment,
                                        const ChunkId& id, std::uint32_t plain,
                                        std::uint32_t stored, Codec codec);
  void filled(PendingChunk& chunk);

  // Starts sealing, if that has not begun; wait for segment.settled.
  void seal(std::shared_ptr<OpenSegment> segment);

  // In the turn: what registers the chunk in `changes`, and in on_applied.
  void register_chunk(PendingChunk& chunk, env::Batch& changes);
  void settle(PendingChunk& chunk);

  // A segment for the compactor or a checkpoint alone, which registers it by a record of its own.
  Task<Result<std::shared_ptr<OpenSegment>>> open_private(SegmentKind kind = SegmentKind::data);
  Task<Result<void>> write_shards(OpenSegment& segment, SegmentRow& row);
  void abandon(const std::shared_ptr<OpenSegment>& segment);
  void release(const std::shared_ptr<OpenSegment>& segment);

  std::shared_ptr<OpenSegment> find_open(SegmentNumber number) const;
  const SegmentRow* find(SegmentNumber number) const;
  const std::map<SegmentNumber, SegmentRow>& rows() const { return rows_; }
  void set_row(SegmentNumber number, SegmentRow row) { rows_[number] = std::move(row); }
  void forget(SegmentNumber number) { rows_.erase(number); }
  SegmentIdentity identity_of(const SegmentRow& row) const {
    return segment_identity(env_.keys, row);
  }

  // Adds to a record that the segment is sealed from it on, as `row`, which write_shards() filled
  // in, then says too.
  void note_sealed(SegmentNumber number, SegmentRow& row, env::Batch& changes) const;

  // Segments still in memory that the log must be kept for: the oldest record that holds one of
  // their chunks. Nothing if there is none.
  std::optional<std::uint64_t> oldest_logged() const;
  const std::map<SegmentNumber, std::shared_ptr<OpenSegment>>& open_segments() const {
    return open_;
  }

  // The disk has hardly any room left.
  bool is_full() const { return is_full_; }
  Task<Result<void>> measure_room();

  std::uint64_t session() const { return session_; }

  // Gives up what waits for room; it was not acknowledged.
  void stop() { is_stopping_ = true; }

 private:
  Task<Result<std::shared_ptr<OpenSegment>>> open_segment(Claim claim, SegmentKind kind);
  Task<Result<void>> grant_more();
  Task<Result<std::vector<SegmentNumber>>> grant(SegmentKind kind, std::size_t count);
  Task<void> seal_now(std::shared_ptr<OpenSegment> segment);
  Task<Result<void>> seal_again(std::shared_ptr<OpenSegment> segment, Error reason);
  Task<Result<void>> seal_and_register(std::shared_ptr<OpenSegment> segment);

  Environment env_;
  std::uint64_t session_;
  std::map<SegmentNumber, SegmentRow> rows_;
  std::map<SegmentNumber, std::shared_ptr<OpenSegment>> open_;
  std::shared_ptr<OpenSegment> current_;

  std::deque<SegmentNumber> granted_;
  Mutex granting_;
  Mutex opening_;
  WaitList room_changed_;    // A segment left memory, or the disk did not take one.
  std::size_t stalled_ = 0;  // Segments that the disk did not take so far.
  bool is_full_ = false;
  bool can_compact_ = true;  // There is room for all segments in memory and one more.
  bool is_stopping_ = false;
};

}  // namespace holdfast::vault
