#include "vault/chunk_reader.h"

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::vault {
namespace {

// What a reader fetches at a time, twice over: what is being given and what is being read ahead. A
// long stream asks for more each time, as far as all readers together keep to their bound.
constexpr std::size_t window_bytes_min = mib;
constexpr std::size_t window_bytes_max = 4 * mib;
constexpr std::size_t windows_bytes_max = 64 * mib;
constexpr std::size_t window_chunks_max = 128;

// Bytes as they are stored, being read and decrypted: more at a time would only wait in memory.
constexpr std::size_t reading_bytes_max = 16 * mib;

// Chunks with less than this between them are read in one piece.
constexpr std::uint32_t gap_bytes_max = 64 * kib;
constexpr std::uint32_t run_bytes_max = 4 * mib;

// Less than this is decrypted on the loop.
constexpr std::size_t inline_bytes_max = 24 * kib;

constexpr auto block_bytes = static_cast<std::uint32_t>(slot::block_bytes);

}  // namespace

ChunkFetcher::ChunkFetcher(Environment environment, std::size_t cache_bytes)
    : env_(std::move(environment)), cache_(cache_bytes), reading_(reading_bytes_max) {}

Task<Result<std::vector<PlainChunkPtr>>> ChunkFetcher::fetch(std::vector<Extent> extents) {
  std::vector<PlainChunkPtr> chunks(extents.size());
  std::vector<Wanted> wanted;
  std::vector<std::size_t> wanted_at;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    chunks[i] = cache_.find(extents[i].chunk);
    if (chunks[i] && chunks[i]->view().size() == extents[i].size) continue;
    wanted.push_back({.id = extents[i].chunk, .plain = extents[i].size, .place = {}, .chunk = {}});
    wanted_at.push_back(i);
  }
  if (wanted.empty()) co_return chunks;

  CO_TRY(co_await locate(wanted));
  std::vector<Run> runs = plan(wanted);
  co_await read(runs, wanted);
  for (const Run& run : runs) {
    if (run.outcome) continue;
    for (const std::size_t i : run.wanted) {
      CO_TRY(co_await read_again(i, wanted));
    }
  }
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    cache_.add(wanted[k].id, wanted[k].chunk);
    chunks[wanted_at[k]] = std::move(wanted[k].chunk);
  }
  co_return chunks;
}

// A chunk may have moved, or its segment been sealed, since we asked for its place: asks again for
// as long as the answer is another one. A chunk that is there and is not what it should be leaves
// the index, so that whoever stores it again heals it.
Task<Result<void>> ChunkFetcher::read_again(std::size_t index, std::vector<Wanted>& wanted) {
  for (;;) {
    const Place place = *wanted[index].place;
    auto done = co_await read_one(index, wanted);
    if (done) co_return done;
    std::vector<Wanted> again{wanted[index]};
    CO_TRY(co_await locate(again));
    if (again.front().place == place) {
      const ChunkId& id = wanted[index].id;
      if (done.error().code() == ErrorCode::corrupt ||
          done.error().code() == ErrorCode::not_found) {
        log::error("chunk {} in segment {} is damaged", to_string(id), place.segment);
        env_.index.distrust(id, place);
        co_return fail(ErrorCode::corrupt, fmt::format("chunk {} is damaged: {}", to_string(id),
                                                       done.error().context()));
      }
      co_return done;
    }
    wanted[index].place = again.front().place;
  }
}

Task<Result<PlainChunkPtr>> ChunkFetcher::fetch_from(const ChunkEntry& entry, const Place& place) {
  std::vector<Wanted> wanted{{.id = entry.id, .plain = entry.plain, .place = place, .chunk = {}}};
  CO_TRY(co_await read_one(0, wanted));
  co_return PlainChunkPtr(std::move(wanted.front().chunk));
}

Task<Result<void>> ChunkFetcher::locate(std::vector<Wanted>& wanted) {
  std::vector<ChunkId> ids;
  ids.reserve(wanted.size());
  for (const Wanted& each : wanted) ids.push_back(each.id);
  CO_TRY_LET(auto places, co_await env_.index.places(std::move(ids)));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!places[i]) {
      co_return fail(ErrorCode::corrupt,
                     fmt::format("chunk {} is not in the index", to_string(wanted[i].id)));
    }
    if (places[i]->plain != wanted[i].plain) {
      co_return fail(ErrorCode::corrupt,
                     fmt::format("chunk {} has another size", to_string(wanted[i].id)));
    }
    wanted[i].place = places[i];
  }
  co_return Result<void>();
}

std::vector<ChunkFetcher::Run> ChunkFetcher::plan(const std::vector<Wanted>& wanted) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Place& place = *wanted[i].place;
    const std::uint32_t end = place.offset + place.stored;
    if (!runs.empty()) {
      Run& last = runs.back();
      if (last.segment == place.segment && place.offset >= last.end &&
          place.offset - last.end <= gap_bytes_max && end - last.begin <= run_bytes_max) {
        last.end = end;
        last.wanted.push_back(i);
        continue;
      }
    }
    runs.push_back(run_of(i, place));
  }
  return runs;
}

ChunkFetcher::Run ChunkFetcher::run_of(std::size_t index, const Place& place) {
  Run run;
  run.segment = place.segment;
  run.begin = place.offset;
  run.end = place.offset + place.stored;
  run.wanted = {index};
  return run;
}

Task<Result<void>> ChunkFetcher::read_one(std::size_t index, std::vector<Wanted>& wanted) {
  std::vector<Run> runs;
  runs.push_back(run_of(index, *wanted[index].place));
  co_await read(runs, wanted);
  co_return std::move(runs.front().outcome);
}

// Leaves in each run how it went. All are read into one block of memory and decrypted in one hop:
// where many write at a time, chunks of one object lie between those of others.
Task<void> ChunkFetcher::read(std::vector<Run>& runs, std::vector<Wanted>& wanted) {
  std::size_t sealed_bytes = 0;
  std::size_t size = 0;
  for (Run& run : runs) {
    sealed_bytes += run.end - run.begin;
    run.blocks_begin = run.begin / block_bytes * block_bytes;
    run.blocks_end = (run.end + block_bytes - 1) / block_bytes * block_bytes;
    size += run.blocks_end - run.blocks_begin;
  }
  const auto hold = co_await reading_.take(size);
  AlignedBuffer memory(size);
  std::size_t at = 0;
  for (Run& run : runs) {
    run.blocks = memory.view().subspan(at, run.blocks_end - run.blocks_begin);
    at += run.blocks.size();
    run.outcome = co_await load(run);
  }
  const auto work = [&] {
    for (Run& run : runs) {
      if (run.outcome) run.outcome = open(run, wanted);
    }
  };
  if (sealed_bytes <= inline_bytes_max) {
    work();
  } else {
    co_await env_.workers.run(work);
  }
}

// Brings the run's bytes, as they are stored, into its memory.
Task<Result<void>> ChunkFetcher::load(Run& run) {
  const SegmentRow* row = env_.segments.find(run.segment);
  if (row == nullptr) co_return fail(ErrorCode::corrupt, "segment is not known");
  run.identity = env_.segments.identity_of(*row);
  CO_TRY_LET(run.key, env_.keys.segment_key(row->key_generation, row->id, row->kind));
  if (const auto open = env_.segments.find_open(run.segment)) {
    // Copied in this turn: the buffer may be gone after the next wait.
    std::memcpy(run.blocks.data() + (run.begin - run.blocks_begin), open->buffer.data() + run.begin,
                run.end - run.begin);
    co_return Result<void>();
  }
  co_return co_await env_.slot.read_shard({.segment = run.identity.segment, .number = 0},
                                          run.blocks_begin / block_bytes, run.blocks);
}

// On a worker.
Result<void> ChunkFetcher::open(const Run& run, std::vector<Wanted>& wanted) {
  codec::Aead key(run.key);
  for (const std::size_t i : run.wanted) {
    Wanted& each = wanted[i];
    const Place& place = *each.place;
    each.chunk = std::make_shared<PlainChunk>(place.plain);
    TRY(open_chunk(key, run.identity, place.index,
                   {.id = each.id,
                    .offset = place.offset,
                    .stored = place.stored,
                    .plain = place.plain,
                    .codec = place.codec},
                   run.blocks.subspan(place.offset - run.blocks_begin, place.stored),
                   each.chunk->writable()));
  }
  return {};
}

std::size_t ChunkFetcher::window_bytes() const {
  return std::clamp(windows_bytes_max / (2 * std::max<std::size_t>(readers_, 1)), window_bytes_min,
                    window_bytes_max);
}

ChunkReader::ChunkReader(ChunkFetcher& fetcher, std::vector<Extent> extents, std::uint64_t offset,
                         std::uint64_t size, std::string label)
    : fetcher_(fetcher),
      extents_(std::move(extents)),
      skip_(offset),
      left_(size),
      position_(offset),
      label_(std::move(label)),
      window_bytes_(window_bytes_min) {
  fetcher_.note_reader(1);
  while (next_ < extents_.size() && skip_ >= extents_[next_].size) skip_ -= extents_[next_++].size;
  unasked_ = size == 0 ? 0 : skip_ + size;
}

ChunkReader::~ChunkReader() {
  fetcher_.note_reader(-1);
}

Task<Result<std::span<const ByteView>>> ChunkReader::read() {
  pieces_.clear();
  chunks_.clear();
  if (left_ == 0) co_return pieces_;
  CO_TRY_LET(chunks_, co_await next_chunks());
  read_ahead();
  for (const PlainChunkPtr& chunk : chunks_) {
    ByteView piece = chunk->view().subspan(std::exchange(skip_, 0));
    piece = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), left_)));
    left_ -= piece.size();
    position_ += piece.size();
    pieces_.push_back(piece);
  }
  co_return pieces_;
}

// What was read ahead, or, for the first window, what is fetched now.
Task<Result<std::vector<PlainChunkPtr>>> ChunkReader::next_chunks() {
  Result<std::vector<PlainChunkPtr>> chunks;
  if (const auto window = std::exchange(coming_, nullptr)) {
    co_await window->done.wait();
    chunks = std::move(window->chunks);
  } else if (auto extents = next_window(); !extents.empty()) {
    chunks = co_await fetcher_.fetch(std::move(extents));
  } else {
    co_return fail(ErrorCode::corrupt, fmt::format("{}: the content ends at {}, {} bytes early",
                                                   label_, position_, left_));
  }
  if (chunks) co_return chunks;
  co_return std::unexpected(
      std::move(chunks).error().within(fmt::format("{} at {}", label_, position_)));
}

void ChunkReader::read_ahead() {
  auto extents = next_window();
  if (extents.empty()) return;
  coming_ = std::make_shared<Window>();
  const auto& environment = fetcher_.environment();
  environment.tasks.spawn(environment.executor, fetch(fetcher_, std::move(extents), coming_));
}

Task<void> ChunkReader::fetch(ChunkFetcher& fetcher, std::vector<Extent> extents,
                              std::shared_ptr<Window> window) {
  window->chunks = co_await fetcher.fetch(std::move(extents));
  window->done.set();
}

// As many extents as make up a window, as far as they are wanted.
std::vector<Extent> ChunkReader::next_window() {
  std::vector<Extent> window;
  std::size_t size = 0;
  while (next_ < extents_.size() && size < window_bytes_ && window.size() < window_chunks_max &&
         unasked_ > 0) {
    const Extent& extent = extents_[next_++];
    unasked_ -= std::min<std::uint64_t>(unasked_, extent.size);
    size += extent.size;
    window.push_back(extent);
  }
  window_bytes_ = std::min(2 * window_bytes_, fetcher_.window_bytes());
  return window;
}

}  // namespace holdfast::vault
