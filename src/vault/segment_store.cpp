#include "vault/segment_store.h"

#include "base/check.h"
#include "base/log.h"
#include "codec/checksum.h"
#include "codec/merkle.h"
#include "vault/families.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::vault {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t grant_count = 16;  // Segment ids that one record grants.
constexpr std::size_t granted_min = 4;   // Fewer left: ask for more.
constexpr std::size_t hash_piece_bytes = 8 * mib;
constexpr Duration seal_retry_every = 1s;

// Room that content may not use up: for the log, its deletes, and what they need to become durable.
constexpr std::uint64_t reserve_bytes_min = 256 * mib;
constexpr std::uint64_t reserve_share = 50;  // Or one fiftieth of a small disk.

std::unexpected<Error> disk_is_full() {
  return fail(ErrorCode::full, "the disk is full: remove objects, run a collection, or add room");
}

}  // namespace

SegmentStore::SegmentStore(Environment environment, std::uint64_t session)
    : env_(std::move(environment)), session_(session) {}

SegmentStore::~SegmentStore() {
  // Chunks that were not applied and their segments own each other.
  for (const auto& [number, segment] : open_) segment->pending.clear();
}

Task<Result<void>> SegmentStore::open() {
  Result<void> decoded;
  const auto take_row = [this, &decoded](std::string_view key, std::string_view value) {
    auto row = decode_segment_row(value);
    if (!row) {
      decoded = std::unexpected(std::move(row).error());
      return env::Visit::stop();
    }
    rows_[segment_number_of(key)] = *std::move(row);
    return env::Visit::next();
  };
  CO_TRY(co_await env_.table.scan({.family = segments_family, .from = {}, .until = {}}, take_row));
  CO_TRY(std::move(decoded));
  CO_TRY(co_await measure_room());
  co_return co_await grant_more();
}

Task<Result<void>> SegmentStore::measure_room() {
  CO_TRY_LET(const auto usage, co_await env_.slot.usage());
  // A checkpoint may have to copy all tables before the room of the one before comes back.
  const std::uint64_t reserve =
      std::min(reserve_bytes_min, usage.size / reserve_share) + env_.table.usage().disk;
  is_full_ = usage.free < reserve + open_segments_max * segment_bytes_max;
  can_compact_ = usage.free >= reserve + (open_.size() + 1) * segment_bytes_max;
  co_return Result<void>();
}

// Numbers and ids become usable once the log has them, in a batch, so that opening a segment does
// not wait for a sync.
Task<Result<void>> SegmentStore::grant_more() {
  const auto hold = co_await granting_.lock();
  if (granted_.size() >= granted_min) co_return Result<void>();
  CO_TRY_LET(const auto numbers, co_await grant(SegmentKind::data, grant_count));
  granted_.insert(granted_.end(), numbers.begin(), numbers.end());
  co_return Result<void>();
}

Task<Result<std::vector<SegmentNumber>>> SegmentStore::grant(SegmentKind kind, std::size_t count) {
  Journal::Entry entry;
  std::vector<std::pair<SegmentNumber, SegmentRow>> fresh;
  SegmentNumber number = rows_.empty() ? 0 : rows_.rbegin()->first;
  for (std::size_t i = 0; i < count; ++i) {
    SegmentRow row{.id = env_.random.draw<SegmentId>(),
                   .kind = kind,
                   .key_generation = env_.keys.data_generation(),
                   .session = session_,
                   .slots = {},
                   .roots = {}};
    entry.changes.put(segments_family, segment_key_of(++number), encode_segment_row(row));
    fresh.emplace_back(number, std::move(row));
  }
  // Taken before the wait, so that nobody else grants the same numbers.
  for (const auto& [taken, row] : fresh) rows_[taken] = row;
  CO_TRY(co_await env_.journal.commit(std::move(entry)));
  std::vector<SegmentNumber> numbers;
  for (const auto& [taken, row] : fresh) numbers.push_back(taken);
  co_return numbers;
}

SegmentIdentity segment_identity(const KeyRing& keys, const SegmentRow& row) {
  return {.vault = keys.vault(),
          .segment = row.id,
          .kind = row.kind,
          .key_generation = row.key_generation};
}

void SegmentStore::note_sealed(SegmentNumber number, SegmentRow& row, env::Batch& changes) const {
  row.state = SegmentRow::State::sealed;
  row.sealed_at = env_.journal.next_sequence();
  changes.put(segments_family, segment_key_of(number), encode_segment_row(row));
}

Task<Result<std::shared_ptr<OpenSegment>>> SegmentStore::open_segment(Claim claim,
                                                                      SegmentKind kind) {
  // Room for all that may be in memory is there before more is taken in; what is on its way to the
  // disk already counts too.
  const bool may_wait = claim != Claim::moved;
  for (bool is_first = true; may_wait && (is_first || open_.size() >= open_segments_max);
       is_first = false) {
    CO_TRY(co_await measure_room());
    const bool has_room =
        !is_full_ || claim == Claim::checkpoint || (claim == Claim::compaction && can_compact_);
    if (!has_room || (is_full_ && stalled_ > 0)) co_return disk_is_full();
    if (stalled_ > 0) {
      co_return fail(ErrorCode::io, "the disk does not take what is to be stored: see the log");
    }
    if (open_.size() >= open_segments_max) co_await room_changed_.wait();
  }
  SegmentNumber number = 0;
  if (kind == SegmentKind::data) {
    if (granted_.size() < granted_min) {
      CO_TRY(co_await grant_more());
    }
    number = granted_.front();
    granted_.pop_front();
  } else {
    CO_TRY_LET(const auto numbers, co_await grant(kind, 1));
    number = numbers.front();
  }
  const SegmentRow& row = rows_.at(number);
  auto segment = std::make_shared<OpenSegment>();
  segment->number = number;
  segment->identity = identity_of(row);
  CO_TRY_LET(segment->key, env_.keys.segment_key(row.key_generation, row.id, row.kind));
  segment->buffer = AlignedBuffer(segment_bytes_max);
  open_[number] = segment;
  co_return segment;
}

Task<Result<std::shared_ptr<OpenSegment>>> SegmentStore::with_room(std::size_t stored,
                                                                   Claim claim) {
  // What recovery moves may have opened a segment on a full disk: its room is not for new content.
  if (claim == Claim::content && is_full_) {
    CO_TRY(co_await measure_room());
    if (is_full_) co_return disk_is_full();
  }
  if (current_ && current_->has_room(stored)) co_return current_;
  const auto hold = co_await opening_.lock();
  // Somebody else may have opened one while we waited.
  if (current_ && current_->has_room(stored)) co_return current_;
  if (current_) seal(std::exchange(current_, nullptr));
  CO_TRY_LET(auto segment, co_await open_segment(claim, SegmentKind::data));
  current_ = segment;
  co_return segment;
}

Task<Result<std::shared_ptr<OpenSegment>>> SegmentStore::open_private(SegmentKind kind) {
  const Claim claim = kind == SegmentKind::checkpoint ? Claim::checkpoint : Claim::compaction;
  co_return co_await open_segment(claim, kind);
}

std::shared_ptr<PendingChunk> SegmentStore::reserve(const std::shared_ptr<OpenSegment>& segment,
                                                    const ChunkId& id, std::uint32_t plain,
                                                    std::uint32_t stored, Codec codec) {
  check(segment->has_room(stored), "a chunk is reserved where there is room");
  auto chunk = std::make_shared<PendingChunk>();
  chunk->segment = segment;
  chunk->id = id;
  chunk->place = {.segment = segment->number,
                  .index = static_cast<std::uint32_t>(segment->entries.size()),
                  .offset = static_cast<std::uint32_t>(segment->chunks_end),
                  .stored = stored,
                  .plain = plain,
                  .codec = codec};
  segment->entries.push_back(
      {.id = id, .offset = chunk->place.offset, .stored = stored, .plain = plain, .codec = codec});
  segment->chunks_end += stored;
  segment->pending.push_back(chunk);
  ++segment->unfilled;
  return chunk;
}

void SegmentStore::filled(PendingChunk& chunk) {
  chunk.is_filled = true;
  if (--chunk.segment->unfilled == 0) chunk.segment->filled.wake_all();
}

void SegmentStore::register_chunk(PendingChunk& chunk, env::Batch& changes) {
  chunk.state = PendingChunk::State::submitted;
  chunk.sequence = env_.journal.next_sequence();
  changes.put(chunks_family, std::string(as_text(chunk.id.view())), encode_place(chunk.place));
  if (chunk.replaces) {
    changes.add(counters_family, segment_counters_key(chunk.replaces->segment),
                {-static_cast<std::int64_t>(chunk.replaces->stored), -1});
  } else {
    changes.add(counters_family, std::string(totals_key), {chunk.place.plain, 1});
  }
  changes.add(counters_family, segment_counters_key(chunk.place.segment), {chunk.place.stored, 1});
}

void SegmentStore::settle(PendingChunk& chunk) {
  env_.index.settle(chunk);
  // Breaks the cycle of the two owning each other. Whoever else holds the chunk needs it no more.
  const auto segment = std::exchange(chunk.segment, nullptr);
  segment->pending[chunk.place.index] = nullptr;
}

void SegmentStore::seal(std::shared_ptr<OpenSegment> segment) {
  if (segment->is_closed) return;
  segment->is_closed = true;
  if (current_ == segment) current_ = nullptr;
  env_.tasks.spawn(env_.executor, seal_now(std::move(segment)));
}

Task<void> SegmentStore::seal_now(std::shared_ptr<OpenSegment> segment) {
  while (segment->unfilled > 0) co_await segment->filled.wait();
  auto sealed = co_await seal_and_register(segment);
  if (!sealed) sealed = co_await seal_again(segment, std::move(sealed).error());
  if (!sealed) {
    log::error("segment {} could not be stored: {}", to_string(segment->identity.segment),
               sealed.error().context());
    segment->has_failed = true;
  } else {
    release(segment);
  }
  segment->settled.set();
  segment->judged.set();
  room_changed_.wake_all();
}

// The disk did not take the segment, mostly because it is full. Whoever waits for it is told; it
// stays in memory and is tried again, as a new file each time, until the disk takes it.
Task<Result<void>> SegmentStore::seal_again(std::shared_ptr<OpenSegment> segment, Error reason) {
  log::warning("content waits in memory, because the disk does not take it: {}", reason.context());
  is_full_ = is_full_ || reason.code() == ErrorCode::full;
  ++stalled_;
  segment->trouble = reason;
  segment->judged.set();
  room_changed_.wake_all();
  Result<void> sealed = std::unexpected(std::move(reason));
  while (!sealed && !is_stopping_ && !env_.journal.failure()) {
    co_await env_.clock.sleep_until(env_.clock.now() + seal_retry_every);
    sealed = co_await seal_and_register(segment);
  }
  --stalled_;
  co_return sealed;
}

Task<Result<void>> SegmentStore::seal_and_register(std::shared_ptr<OpenSegment> segment) {
  SegmentRow row = rows_.at(segment->number);
  CO_TRY(co_await write_shards(*segment, row));

  Journal::Entry entry;
  std::vector<std::shared_ptr<PendingChunk>> registered;
  for (const auto& chunk : segment->pending) {
    if (!chunk || chunk->state != PendingChunk::State::buffered) continue;
    register_chunk(*chunk, entry.changes);
    registered.push_back(chunk);
  }
  note_sealed(segment->number, row, entry.changes);
  entry.on_applied = [this, number = segment->number, row, registered] {
    rows_[number] = row;
    for (const auto& chunk : registered) settle(*chunk);
  };
  CO_TRY(co_await env_.journal.commit(std::move(entry)));
  co_return Result<void>();
}

// Lays out the segment's end, hashes it in pieces side by side, and stores its shards durably.
Task<Result<void>> SegmentStore::write_shards(OpenSegment& segment, SegmentRow& row) {
  const std::size_t size = segment_bytes_for(segment.chunks_end, segment.entries.size());
  const auto bytes = segment.buffer.view().first(size);
  co_await env_.workers.run([&segment, bytes] {
    codec::Aead key(segment.key);
    seal_segment_tail(key, segment.identity, segment.entries, segment.chunks_end, bytes);
  });

  std::vector<codec::MerkleHash> leaves(size / slot::block_bytes);
  std::vector<std::uint32_t> checksums(leaves.size());
  for (std::size_t at = 0; at < size; at += hash_piece_bytes) {
    co_await env_.workers.run([&, at] {
      const auto piece = ByteView(bytes).subspan(at, std::min(hash_piece_bytes, size - at));
      const std::size_t first = at / slot::block_bytes;
      const std::size_t count = piece.size() / slot::block_bytes;
      codec::merkle_leaves(piece, std::span(leaves).subspan(first, count));
      for (std::size_t i = 0; i < count; ++i) {
        checksums[first + i] =
            codec::crc32c(piece.subspan(i * slot::block_bytes, slot::block_bytes));
      }
    });
  }
  CO_TRY(co_await env_.slot.put_shard(
      {.segment = row.id, .number = 0},
      {.pieces = {ByteView(bytes)}, .leaves = leaves, .checksums = checksums}));
  row.size = static_cast<std::uint32_t>(size);
  row.chunk_count = static_cast<std::uint32_t>(segment.entries.size());
  row.slots = {env_.slot.id()};
  row.roots = {codec::merkle_root({.segment = row.id, .shard = 0}, leaves)};
  co_return Result<void>();
}

void SegmentStore::release(const std::shared_ptr<OpenSegment>& segment) {
  open_.erase(segment->number);
  room_changed_.wake_all();
}

void SegmentStore::abandon(const std::shared_ptr<OpenSegment>& segment) {
  segment->is_closed = true;
  release(segment);
}

std::shared_ptr<OpenSegment> SegmentStore::find_open(SegmentNumber number) const {
  const auto found = open_.find(number);
  return found == open_.end() ? nullptr : found->second;
}

const SegmentRow* SegmentStore::find(SegmentNumber number) const {
  const auto found = rows_.find(number);
  return found == rows_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> SegmentStore::oldest_logged() const {
  std::optional<std::uint64_t> oldest;
  for (const auto& [number, segment] : open_) {
    if (segment->oldest_logged == 0) continue;
    oldest = std::min(oldest.value_or(segment->oldest_logged), segment->oldest_logged);
  }
  return oldest;
}

}  // namespace holdfast::vault
