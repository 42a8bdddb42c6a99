// Compaction: what is left of segments that are mostly dead moves to new ones.
#include "base/log.h"
#include "codec/compress.h"
#include "vault/collector.h"
#include "vault/families.h"

#include <algorithm>

namespace holdfast::vault {
namespace {

// A segment with more than this part of its bytes needed is left alone. Where room is short, what
// little it gives is worth the work.
constexpr double compact_below = 0.5;
constexpr double compact_below_when_full = 0.9;
constexpr std::size_t victims_max = 64;  // In one cycle.

}  // namespace

// A private segment on its way, and what it will replace.
struct Collector::Moves {
  struct Move {
    Candidate from;
    Place to;
  };

  std::shared_ptr<OpenSegment> segment;
  std::vector<Move> moves;
};

Task<Result<void>> Collector::compact() {
  CO_TRY_LET(const auto victims, co_await choose_victims());
  Moves moves;
  Result<void> done;
  for (const SegmentNumber victim : victims) {
    done = co_await empty_segment(victim, moves);
    if (done) continue;
    // What cannot be read stays where it is; room elsewhere must not wait for its repair.
    const ErrorCode code = done.error().code();
    const bool is_damage = code == ErrorCode::corrupt || code == ErrorCode::not_found;
    if (!is_damage || env_.journal.failure()) break;
    log::warning("segment {} is damaged and not compacted: {}", victim, done.error().context());
    done = {};
  }
  if (done && !moves.moves.empty()) done = co_await register_moves(moves);
  if (moves.segment) env_.segments.abandon(moves.segment);
  // No room to compact in, or a disk that fails: the segments stay as they are.
  if (!done && !env_.journal.failure()) {
    log::warning("compaction stopped: {}", done.error().context());
    co_return Result<void>();
  }
  co_return done;
}

// Emptiest and oldest first: (1 - u) * age / (1 + u), as log-structured file systems choose.
Task<Result<std::vector<SegmentNumber>>> Collector::choose_victims() {
  std::vector<std::pair<double, SegmentNumber>> scored;
  const auto now = static_cast<double>(env_.journal.next_sequence());
  const double below = env_.segments.is_full() ? compact_below_when_full : compact_below;
  for (const auto& [number, row] : std::map(env_.segments.rows())) {
    if (row.state != SegmentRow::State::sealed || row.kind != SegmentKind::data) continue;
    CO_TRY_LET(const auto counters, co_await counters_of(number));
    const double used = static_cast<double>(counters[0]) / static_cast<double>(row.size);
    if (counters[1] <= 0 || used >= below) continue;
    const double age = now - static_cast<double>(row.sealed_at) + 1;
    scored.emplace_back((1 - used) * age / (1 + used), number);
  }
  std::ranges::sort(scored, std::greater());
  std::vector<SegmentNumber> victims;
  for (const auto& [score, number] : scored) {
    if (victims.size() < victims_max) victims.push_back(number);
  }
  // One that would only be written again as large as it is gains nothing.
  if (victims.size() == 1 && env_.segments.find(victims.front())->size == segment_bytes_min) {
    victims.clear();
  }
  co_return victims;
}

Task<Result<void>> Collector::empty_segment(SegmentNumber victim, Moves& moves) {
  const SegmentRow row = *env_.segments.find(victim);
  CO_TRY_LET(const auto entries, co_await read_chunk_table(row));
  std::vector<ChunkId> ids;
  for (const ChunkEntry& entry : entries) ids.push_back(entry.id);
  CO_TRY_LET(const auto places, co_await env_.index.places(std::move(ids)));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool is_here = places[i] && places[i]->segment == victim && places[i]->index == i;
    if (is_here) {
      CO_TRY(co_await move_chunk({entries[i].id, *places[i]}, moves));
    }
  }
  co_return Result<void>();
}

Task<Result<std::vector<ChunkEntry>>> Collector::read_chunk_table(const SegmentRow& row) {
  const slot::ShardName shard{.segment = row.id, .number = 0};
  const auto block_count = static_cast<std::uint32_t>(row.size / slot::block_bytes);
  const SegmentIdentity identity = env_.segments.identity_of(row);
  CO_TRY_LET(const auto key_bytes, env_.keys.segment_key(row.key_generation, row.id, row.kind));
  codec::Aead key(key_bytes);
  CO_TRY_LET(const AlignedBuffer last,
             co_await env_.slot.read_shard_verified(shard, block_count - 1, 1));
  CO_TRY_LET(const TableBounds bounds,
             open_trailer(key, identity, last.view().last(segment_trailer_bytes)));
  const auto first = static_cast<std::uint32_t>(bounds.offset / slot::block_bytes);
  CO_TRY_LET(const AlignedBuffer blocks,
             co_await env_.slot.read_shard_verified(shard, first, block_count - first));
  co_return open_chunk_table(
      key, identity, bounds,
      blocks.view().subspan(bounds.offset - first * slot::block_bytes, bounds.size));
}

Task<Result<void>> Collector::move_chunk(const Candidate& chunk, Moves& moves) {
  const ChunkEntry entry{.id = chunk.id,
                         .offset = chunk.place.offset,
                         .stored = chunk.place.stored,
                         .plain = chunk.place.plain,
                         .codec = chunk.place.codec};
  CO_TRY_LET(const PlainChunkPtr plain, co_await env_.fetcher.fetch_from(entry, chunk.place));
  Bytes compressed(codec::Compressor::room(plain->view().size()));
  const auto compressed_size = co_await env_.workers.call([&] {
    return codec::Compressor().compress(plain->view(), compressed, codec::Effort::thorough);
  });
  const ByteView content =
      compressed_size ? ByteView(compressed).first(*compressed_size) : plain->view();
  const auto stored = stored_bytes_of(content.size());

  if (moves.segment && !moves.segment->has_room(stored)) {
    CO_TRY(co_await register_moves(moves));
  }
  if (!moves.segment) {
    CO_TRY_LET(moves.segment, co_await env_.segments.open_private());
  }
  auto reserved = env_.segments.reserve(moves.segment, chunk.id, chunk.place.plain, stored,
                                        compressed_size ? Codec::zstd : Codec::none);
  // Not pending: until the moves are registered, readers find the chunk in its old place.
  moves.segment->pending[reserved->place.index] = nullptr;
  co_await env_.workers.run([&] {
    OpenSegment& segment = *reserved->segment;
    codec::Aead key(segment.key);
    seal_chunk(key, segment.identity, reserved->place.index, segment.entries[reserved->place.index],
               content, segment.bytes_of(reserved->place));
  });
  env_.segments.filled(*reserved);
  moves.moves.push_back({chunk, reserved->place});
  co_return Result<void>();
}

// Makes the new segment durable, then points the index to it, in one record. A chunk that was
// stored anew meanwhile, because its old copy was found damaged, has another place by then: it
// stays there, and the copy made here is dead from its birth.
Task<Result<void>> Collector::register_moves(Moves& moves) {
  const auto segment = moves.segment;
  segment->is_closed = true;
  SegmentRow row = *env_.segments.find(segment->number);
  CO_TRY(co_await env_.segments.write_shards(*segment, row));

  std::vector<ChunkId> ids;
  for (const auto& move : moves.moves) ids.push_back(move.from.id);
  std::vector<std::optional<Place>> places;
  std::uint64_t settled = 0;
  do {
    settled = env_.index.settled_ever();
    CO_TRY_LET(places, co_await env_.index.places(ids));
  } while (settled != env_.index.settled_ever());

  // Judged and submitted in one turn of the loop.
  Journal::Entry entry;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& move = moves.moves[i];
    if (places[i] != move.from.place || env_.index.find_pending(ids[i])) continue;
    entry.changes.put(chunks_family, std::string(as_text(move.from.id.view())),
                      encode_place(move.to));
    entry.changes.add(counters_family, segment_counters_key(move.from.place.segment),
                      {-static_cast<std::int64_t>(move.from.place.stored), -1});
    entry.changes.add(counters_family, segment_counters_key(move.to.segment), {move.to.stored, 1});
  }
  env_.segments.note_sealed(segment->number, row, entry.changes);
  entry.on_applied = [this, number = segment->number, row] { env_.segments.set_row(number, row); };
  CO_TRY(co_await env_.journal.commit(std::move(entry)));
  env_.segments.release(segment);
  moves = {};
  co_return Result<void>();
}

}  // namespace holdfast::vault
