#include "vault/collector.h"

#include "base/log.h"
#include "vault/families.h"

#include <algorithm>
#include <unordered_set>

namespace holdfast::vault {
namespace {

constexpr std::size_t page_chunks = 4096;  // Rows of the chunk index judged at a time.

// Every key of a family: no id is as long as this.
const std::string last_key(64, '\xff');

}  // namespace

Task<Result<std::uint64_t>> Collector::collect(LiveChunks& live) {
  CO_TRY(co_await clear_marks());
  auto begun = co_await raise_collection();
  if (begun) {
    const auto snapshot = env_.table.snapshot();
    begun = co_await mark(live, *snapshot);
    if (begun) begun = co_await sweep(*snapshot);
  }
  env_.index.end_cycle();
  CO_TRY(std::move(begun));
  CO_TRY(co_await clear_marks());
  CO_TRY(co_await compact());
  co_return co_await bury();
}

// A new number for this collection. From its submission on, whatever anybody touches is needed;
// only when it is acknowledged, and after it a floor under which nothing is accepted, is the state
// looked at from which marking starts.
Task<Result<void>> Collector::raise_collection() {
  CO_TRY_LET(const auto row, co_await env_.table.get(meta_family, std::string(collection_key)));
  std::uint64_t collection = 0;
  if (row) {
    CO_TRY_LET(collection, decode_number(*row));
  }
  ++collection;

  Journal::Entry entry;
  entry.changes.put(meta_family, std::string(collection_key), encode_number(collection));
  env_.index.begin_cycle();
  CO_TRY(co_await env_.journal.commit(std::move(entry)));

  Journal::Entry floor;
  floor.changes.put(meta_family, std::string(floor_key), encode_number(collection));
  CO_TRY(co_await env_.journal.commit(std::move(floor)));
  co_return Result<void>();
}

// The table sorts the ids for us, in memory that does not grow with their number.
Task<Result<void>> Collector::mark(LiveChunks& live, const env::Snapshot& snapshot) {
  co_return co_await live.visit(snapshot, [this](std::vector<ChunkId> ids) {
    env::Batch batch;
    for (const ChunkId& id : ids) {
      batch.put(marks_family, std::string(as_text(id.view())), std::string());
    }
    return env_.table.apply(std::move(batch));
  });
}

Task<Result<void>> Collector::sweep(const env::Snapshot& snapshot) {
  std::string from;
  for (;;) {
    CO_TRY_LET(Page page, co_await read_page(snapshot, from));
    if (page.empty()) co_return Result<void>();
    from = std::string(as_text(page.back().id.view())) + '\0';
    CO_TRY(co_await drop_marked(page));
    CO_TRY(co_await condemn(std::move(page)));
  }
}

Task<Result<Collector::Page>> Collector::read_page(const env::Snapshot& snapshot,
                                                   const std::string& from) {
  Page page;
  Result<void> decoded;
  const auto take = [&](std::string_view key, std::string_view value) {
    auto place = decode_place(value);
    if (!place || key.size() != ChunkId::size) {
      decoded = fail(ErrorCode::corrupt, "row of the chunk index is damaged");
      return env::Visit::stop();
    }
    page.push_back({ChunkId::from(as_bytes(key)), *place});
    return page.size() < page_chunks ? env::Visit::next() : env::Visit::stop();
  };
  CO_TRY(co_await env_.table.scan(
      {.family = chunks_family, .from = from, .until = {}, .snapshot = &snapshot}, take));
  CO_TRY(std::move(decoded));
  co_return page;
}

Task<Result<void>> Collector::drop_marked(Page& page) {
  std::unordered_set<ChunkId> marked;
  const auto take = [&marked](std::string_view key, std::string_view) {
    marked.insert(ChunkId::from(as_bytes(key)));
    return env::Visit::next();
  };
  CO_TRY(co_await env_.table.scan({.family = marks_family,
                                   .from = std::string(as_text(page.front().id.view())),
                                   .until = std::string(as_text(page.back().id.view())) + '\0'},
                                  take));
  std::erase_if(page, [&](const Candidate& chunk) { return marked.contains(chunk.id); });
  co_return Result<void>();
}

// Judged and submitted in one turn of the loop.
Task<Result<void>> Collector::condemn(Page page) {
  Journal::Entry entry;
  std::vector<ChunkId> condemned;
  std::int64_t plain = 0;
  std::map<SegmentNumber, std::pair<std::int64_t, std::int64_t>> lost;
  for (const Candidate& chunk : page) {
    if (env_.index.is_needed(chunk.id) || env_.index.find_pending(chunk.id)) continue;
    entry.changes.remove(chunks_family, std::string(as_text(chunk.id.view())));
    plain += chunk.place.plain;
    lost[chunk.place.segment].first += chunk.place.stored;
    ++lost[chunk.place.segment].second;
    condemned.push_back(chunk.id);
  }
  if (condemned.empty()) co_return Result<void>();
  entry.changes.add(counters_family, std::string(totals_key),
                    {-plain, -static_cast<std::int64_t>(condemned.size())});
  for (const auto& [segment, sums] : lost) {
    entry.changes.add(counters_family, segment_counters_key(segment), {-sums.first, -sums.second});
  }
  for (const ChunkId& id : condemned) env_.index.condemn(id);
  entry.on_applied = [this, condemned = std::move(condemned)] {
    for (const ChunkId& id : condemned) env_.index.condemned_applied(id);
  };
  CO_TRY(co_await env_.journal.commit(std::move(entry)));
  co_return Result<void>();
}

Task<Result<std::vector<std::int64_t>>> Collector::counters_of(SegmentNumber number) {
  CO_TRY_LET(const auto row,
             co_await env_.table.get(counters_family, segment_counters_key(number)));
  auto counters = env::decode_counters(row.value_or(std::string()));
  counters.resize(2);
  co_return counters;
}

// Declares segments dead that no row names any more.
Task<Result<std::uint64_t>> Collector::bury() {
  std::uint64_t freed = 0;
  Journal::Entry entry;
  std::vector<std::pair<SegmentNumber, SegmentRow>> dead;
  for (const auto& [number, row] : std::map(env_.segments.rows())) {
    if (row.state != SegmentRow::State::sealed || row.kind != SegmentKind::data) continue;
    CO_TRY_LET(const auto counters, co_await counters_of(number));
    if (counters[1] > 0) continue;
    // Sums can be wrong and rows cannot: nothing is removed on the word of a sum alone.
    if (co_await is_named(number, row)) {
      log::error("segment {} is kept: its sums say that it is empty, rows of the index name it",
                 number);
      continue;
    }
    SegmentRow gone = row;
    gone.state = SegmentRow::State::dead;
    entry.changes.put(segments_family, segment_key_of(number), encode_segment_row(gone));
    freed += gone.size;
    dead.emplace_back(number, std::move(gone));
  }
  if (dead.empty()) co_return freed;
  entry.on_applied = [this, dead = std::move(dead)] {
    for (const auto& [number, row] : dead) env_.segments.set_row(number, row);
  };
  CO_TRY(co_await env_.journal.commit(std::move(entry)));
  co_return freed;
}

// Whether a row names a chunk of the segment. One whose own table cannot be read any more cannot be
// asked; then the sums decide.
Task<bool> Collector::is_named(SegmentNumber number, SegmentRow row) {
  const auto entries = co_await read_chunk_table(row);
  if (!entries) co_return false;
  std::vector<ChunkId> ids;
  for (const ChunkEntry& entry : *entries) ids.push_back(entry.id);
  const auto places = co_await env_.index.places(std::move(ids));
  co_return !places || std::ranges::any_of(*places, [number](const auto& place) {
    return place && place->segment == number;
  });
}

Task<Result<void>> Collector::clear_marks() {
  env::Batch batch;
  batch.remove_range(marks_family, std::string(), last_key);
  co_return co_await env_.table.apply(std::move(batch));
}

}  // namespace holdfast::vault
