#include "vault/chunk_writer.h"

#include "base/check.h"
#include "codec/blake3.h"
#include "codec/compress.h"

#include <algorithm>
#include <span>
#include <unordered_map>

namespace holdfast::vault {
namespace {

// The chunks that end within so many bytes are looked up, compressed and encrypted together.
constexpr std::size_t batch_bytes_max = mib;

// The first bytes of a content are compressed thoroughly, the rest quickly: most contents are
// short, and their processor time goes elsewhere, while long streams are as fast as their
// compressor.
constexpr std::uint64_t thorough_bytes = mib;

// Less work than this is done on the loop: a hop to a worker would cost more.
constexpr std::size_t inline_bytes_max = 24 * kib;
constexpr std::size_t compress_inline_bytes_max = 8 * kib;

}  // namespace

ChunkWriter::ChunkWriter(Environment environment, codec::SecretKey chunk_id_key)
    : env_(environment), chunk_id_key_(std::move(chunk_id_key)), chunker_(env_.gear) {
  content_.reliance = env_.index.make_reliance();
}

Task<Result<void>> ChunkWriter::write(ByteView bytes) {
  content_.size += bytes.size();
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(bytes.size(), batch_bytes_max));
    bytes = bytes.subspan(piece.size());
    std::vector<Item> items;
    const auto work = [this, piece, &items] { items = cut(piece); };
    if (piece.size() <= inline_bytes_max) {
      work();
    } else {
      co_await env_.workers.run(work);
    }
    CO_TRY(co_await take(std::move(items)));
  }
  co_return Result<void>();
}

Task<Result<Content>> ChunkWriter::finish() {
  if (!tail_.empty()) {
    std::vector<Item> last(1);
    const auto work = [this, &last] { last.front() = name(tail_); };
    if (tail_.size() <= inline_bytes_max) {
      work();
    } else {
      co_await env_.workers.run(work);
    }
    CO_TRY(co_await take(std::move(last)));
  }
  tail_.clear();
  co_return std::move(content_);
}

// The chunks that end in `piece`, named. They lie in `piece`, the first, which began before it, in
// joined_, until the next call; what is left over is kept in tail_.
std::vector<ChunkWriter::Item> ChunkWriter::cut(ByteView piece) {
  std::vector<Item> items;
  ByteView rest = piece;
  while (const auto size = chunker_.next(rest)) {
    ByteView plain = rest.first(*size);
    if (items.empty() && !tail_.empty()) {
      joined_.swap(tail_);
      joined_.insert(joined_.end(), plain.begin(), plain.end());
      tail_.clear();
      plain = joined_;
    }
    items.push_back(name(plain));
    rest = rest.subspan(*size);
  }
  tail_.insert(tail_.end(), rest.begin(), rest.end());
  return items;
}

// The next chunk of the content.
ChunkWriter::Item ChunkWriter::name(ByteView plain) {
  Item item;
  item.id = codec::chunk_id(chunk_id_key_, plain);
  item.plain = plain;
  item.effort = position_ < thorough_bytes ? codec::Effort::thorough : codec::Effort::quick;
  position_ += plain.size();
  return item;
}

// Takes whole chunks, in order. Their bytes stay where they are until it returns.
Task<Result<void>> ChunkWriter::take(std::vector<Item> items) {
  if (items.empty()) co_return Result<void>();
  CO_TRY_LET(const auto missing, co_await keep_missing(items));
  if (!missing.empty()) {
    co_await compress(items, missing);
    CO_TRY(co_await place(items, missing));
  }
  co_return Result<void>();
}

// Notes what is known, or on its way, already; returns which are neither.
Task<Result<std::vector<std::size_t>>> ChunkWriter::keep_missing(std::vector<Item>& items) {
  std::vector<ChunkId> ids;
  ids.reserve(items.size());
  for (const Item& item : items) ids.push_back(item.id);
  CO_TRY_LET(const auto found, co_await env_.index.find(std::move(ids)));
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < items.size(); ++i) {
    note(items[i], found[i].pending);
    if (found[i].is_missing()) missing.push_back(i);
  }
  co_return missing;
}

Task<void> ChunkWriter::compress(std::vector<Item>& items,
                                 const std::vector<std::size_t>& missing) {
  std::size_t room = 0;
  std::size_t size = 0;
  for (const std::size_t i : missing) {
    items[i].scratch_at = room;
    room += codec::Compressor::room(items[i].plain.size());
    size += items[i].plain.size();
  }
  if (scratch_.size() < room) scratch_.resize(room);
  const auto work = [this, &items, &missing] {
    const codec::Compressor compressor;
    for (const std::size_t i : missing) {
      Item& item = items[i];
      item.compressed = compressor.compress(
          item.plain,
          std::span(scratch_).subspan(item.scratch_at, codec::Compressor::room(item.plain.size())),
          item.effort);
    }
  };
  if (size <= compress_inline_bytes_max) {
    work();
  } else {
    co_await env_.workers.run(work);
  }
}

// Gives each missing chunk a place and encrypts it there, in runs of one segment each.
Task<Result<void>> ChunkWriter::place(std::vector<Item>& items,
                                      const std::vector<std::size_t>& missing) {
  std::vector<Item> run;
  std::size_t run_bytes = 0;
  for (const std::size_t i : missing) {
    Item& item = items[i];
    const auto stored = stored_bytes_of(item.compressed.value_or(item.plain.size()));
    // A place given out must be filled before anything that waits for a segment to be sealed.
    if (!run.empty() && !run.front().pending->segment->has_room(stored)) {
      co_await seal(run, std::exchange(run_bytes, 0));
      run.clear();
    }
    std::shared_ptr<OpenSegment> segment;
    if (run.empty()) {
      CO_TRY_LET(segment, co_await env_.segments.with_room(stored));
    } else {
      segment = run.front().pending->segment;
    }

    // From here to the reservation nothing waits. Another stream may have brought the same chunk.
    if (auto theirs = env_.index.find_pending(item.id)) {
      content_.pending.push_back(std::move(theirs));
      continue;
    }
    item.pending =
        env_.segments.reserve(segment, item.id, static_cast<std::uint32_t>(item.plain.size()),
                              stored, item.compressed ? Codec::zstd : Codec::none);
    item.pending->replaces = env_.index.distrusted(item.id);
    env_.index.add_pending(item.pending);
    content_.pending.push_back(item.pending);
    run.push_back(item);
    run_bytes += item.plain.size();
  }
  if (!run.empty()) co_await seal(run, run_bytes);
  co_return Result<void>();
}

Task<void> ChunkWriter::seal(std::vector<Item>& items, std::size_t size) {
  OpenSegment& segment = *items.front().pending->segment;
  const auto work = [this, &items, &segment] {
    codec::Aead key(segment.key);
    for (Item& item : items) {
      const Place& place = item.pending->place;
      const ByteView content = item.compressed
                                   ? ByteView(scratch_).subspan(item.scratch_at, *item.compressed)
                                   : item.plain;
      seal_chunk(key, segment.identity, place.index,
                 {.id = item.id,
                  .offset = place.offset,
                  .stored = place.stored,
                  .plain = place.plain,
                  .codec = place.codec},
                 content, segment.bytes_of(place));
    }
  };
  if (size <= inline_bytes_max) {
    work();
  } else {
    co_await env_.workers.run(work);
  }
  for (Item& item : items) env_.segments.filled(*item.pending);
}

void ChunkWriter::note(const Item& item, std::shared_ptr<PendingChunk> pending) {
  env_.index.rely(*content_.reliance, item.id);
  content_.extents.push_back(
      {.chunk = item.id, .size = static_cast<std::uint32_t>(item.plain.size())});
  if (pending) content_.pending.push_back(std::move(pending));
}

}  // namespace holdfast::vault
