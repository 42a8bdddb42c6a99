#include "vault/local_vault.h"

#include "base/check.h"
#include "base/log.h"
#include "vault/chunk_writer.h"
#include "vault/collector.h"
#include "vault/families.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace holdfast::vault {
namespace {

// Chunks that together have at least this many bytes are made durable by sealing their segments;
// less goes through the log.
constexpr std::uint64_t seal_bytes_min = segment_bytes_min;

// Bytes of records on their way at a time.
constexpr std::size_t record_credit_bytes = 64 * mib;
constexpr std::size_t record_overhead_bytes = 512;

constexpr Duration mark_tail_after = std::chrono::milliseconds(50);

}  // namespace

LocalVault::LocalVault(Environment environment, VaultOptions options)
    : executor_(std::move(environment.executor)),
      slot_(environment.slot),
      keys_(environment.keys),
      clock_(environment.clock),
      random_(environment.random),
      workers_(environment.workers),
      options_(options),
      gear_(environment.keys.gear_key()),
      log_(std::move(environment.log)),
      home_(environment.home),
      table_(std::move(environment.table)),
      record_credit_(record_credit_bytes) {}

Task<Result<std::uint64_t>> LocalVault::commit(Record record) {
  if (is_closing_) co_return fail(ErrorCode::unavailable, "the vault is closing");
  ++commits_;
  auto committed = co_await commit_now(std::move(record));
  if (--commits_ == 0) commit_ended_.wake_all();
  co_return committed;
}

Task<Result<std::uint64_t>> LocalVault::commit_now(Record record) {
  while (log_->size_bytes() > options_.log_bytes_max && !journal_->failure()) {
    log_grew_.wake_one();
    co_await log_shrank_.wait();
  }
  if (journal_->failure()) co_return std::unexpected(*journal_->failure());

  CO_TRY(co_await make_safe(record.pending()));
  std::size_t size = record_overhead_bytes;
  for (const auto& chunk : record.pending()) {
    if (chunk->state == PendingChunk::State::buffered) size += chunk->place.stored;
  }
  const auto hold = co_await record_credit_.take(size);
  // The wait may have seen a segment fail; nothing waits from here to the submission.
  for (const auto& chunk : record.pending()) {
    if (chunk->segment && chunk->segment->has_failed &&
        chunk->state == PendingChunk::State::buffered) {
      co_return fail(ErrorCode::io, "the content could not be stored");
    }
  }
  const auto keep = record.reliances();  // Until the rows that name the chunks are visible.
  const std::uint64_t sequence = submit(std::move(record));
  if (is_checkpoint_due()) log_grew_.wake_one();
  CO_TRY(co_await journal_->wait_applied(sequence));
  tail_moved_.wake_one();
  co_return sequence;
}

// Should the very last record on a disk rot, it looks like one that a crash cut short, which was
// never acknowledged and is dropped. So a record that says nothing follows whenever nothing else
// does: from then on damage to those before it is told from a torn end.
Task<void> LocalVault::mark_tail() {
  std::uint64_t marked = journal_->next_sequence();
  while (!is_closing_ && !journal_->failure()) {
    const std::uint64_t next = journal_->next_sequence();
    if (next == marked) {
      co_await tail_moved_.wait();
      continue;
    }
    co_await clock_.sleep_until(clock_.now() + mark_tail_after);
    if (is_closing_ || journal_->failure() || journal_->next_sequence() != next) continue;
    if (const auto done = co_await journal_->commit({}); !done) break;  // Told by the journal.
    marked = next + 1;
  }
}

// Returns when what is left in memory only is little enough for a record, and complete.
Task<Result<void>> LocalVault::make_safe(std::vector<std::shared_ptr<PendingChunk>> chunks) {
  std::map<SegmentNumber, std::pair<std::shared_ptr<OpenSegment>, std::uint64_t>> buffered;
  std::uint64_t size = 0;
  for (const auto& chunk : chunks) {
    while (!chunk->is_filled) co_await chunk->segment->filled.wait();
    if (chunk->state != PendingChunk::State::buffered) continue;
    auto& [segment, bytes] = buffered[chunk->segment->number];
    segment = chunk->segment;
    bytes += chunk->place.stored;
    size += chunk->place.stored;
  }
  // Full segments first, as they are on their way already; then the largest share.
  std::vector<std::pair<std::shared_ptr<OpenSegment>, std::uint64_t>> order;
  for (auto& [number, entry] : buffered) order.push_back(std::move(entry));
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    if (a.first->is_closed != b.first->is_closed) return a.first->is_closed;
    return a.second > b.second;
  });
  for (auto& [segment, bytes] : order) {
    if (size < seal_bytes_min) break;
    segments_->seal(segment);
    co_await segment->judged.wait();
    if (segment->has_failed) co_return fail(ErrorCode::io, "the content could not be stored");
    if (!segment->settled.is_set()) co_return std::unexpected(*segment->trouble);
    size -= bytes;
  }
  co_return Result<void>();
}

// In one turn of the loop: registers the chunks that nothing else has registered, and submits.
std::uint64_t LocalVault::submit(Record record) {
  Journal::Entry entry;
  const std::uint64_t sequence = journal_->next_sequence();
  std::vector<std::shared_ptr<PendingChunk>> registered;
  for (const auto& chunk : record.pending()) {
    if (chunk->state != PendingChunk::State::buffered) continue;
    entry.frames.push_back(
        {.id = chunk->id, .place = chunk->place, .sealed = chunk->segment->bytes_of(chunk->place)});
    segments_->register_chunk(*chunk, entry.changes);
    if (chunk->segment->oldest_logged == 0) chunk->segment->oldest_logged = sequence;
    registered.push_back(chunk);
  }
  auto rows = std::move(record).resolve(sequence);
  std::ranges::move(rows.changes, std::back_inserter(entry.changes.changes));
  if (!registered.empty()) {
    entry.on_applied = [this, registered = std::move(registered)] {
      for (const auto& chunk : registered) segments_->settle(*chunk);
    };
  }
  const std::uint64_t submitted = journal_->submit(std::move(entry));
  check(submitted == sequence, "a record gets the number that was promised");
  return sequence;
}

Task<Result<std::unique_ptr<ContentWriter>>> LocalVault::open_writer(std::uint64_t domain) {
  if (is_closing_) co_return fail(ErrorCode::unavailable, "the vault is closing");
  co_return std::make_unique<ChunkWriter>(
      ChunkWriter::Environment{
          .segments = *segments_, .index = *index_, .workers = workers_, .gear = gear_},
      keys_.chunk_id_key(domain));
}

std::unique_ptr<ContentReader> LocalVault::open_reader(std::vector<Extent> extents,
                                                       std::uint64_t offset, std::uint64_t size,
                                                       std::string label) {
  return std::make_unique<ChunkReader>(*fetcher_, std::move(extents), offset, size,
                                       std::move(label));
}

Task<Result<Content>> LocalVault::reuse(std::vector<Extent> extents) {
  std::vector<ChunkId> ids;
  ids.reserve(extents.size());
  for (const Extent& extent : extents) ids.push_back(extent.chunk);
  CO_TRY_LET(auto found, co_await index_->find(std::move(ids)));
  Content content;
  content.reliance = index_->make_reliance();
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (found[i].is_missing()) {
      co_return fail(ErrorCode::not_found,
                     fmt::format("chunk {} is gone", to_string(extents[i].chunk)));
    }
    index_->rely(*content.reliance, extents[i].chunk);
    if (found[i].pending) content.pending.push_back(std::move(found[i].pending));
    content.size += extents[i].size;
  }
  content.extents = std::move(extents);
  co_return content;
}

Task<Result<VaultUsage>> LocalVault::usage() {
  CO_TRY_LET(const auto row, co_await table_->get(counters_family, std::string(totals_key)));
  CO_TRY_LET(const auto slot_usage, co_await slot_.usage());
  auto totals = env::decode_counters(row.value_or(std::string()));
  totals.resize(2);
  VaultUsage usage{.unique_bytes = static_cast<std::uint64_t>(totals[0]),
                   .stored_bytes = slot_usage.shards + slot_usage.logs,
                   .chunk_count = static_cast<std::uint64_t>(totals[1]),
                   .segment_count = 0};
  for (const auto& [number, segment] : segments_->rows()) {
    const bool holds_data = segment.kind == SegmentKind::data;
    if (segment.state == SegmentRow::State::sealed && holds_data) ++usage.segment_count;
  }
  co_return usage;
}

Task<Result<std::uint64_t>> LocalVault::collect(LiveChunks& live) {
  const auto hold = co_await collecting_.lock();
  if (is_closing_) co_return fail(ErrorCode::unavailable, "the vault is closing");
  Collector collector({.table = *table_,
                       .journal = *journal_,
                       .index = *index_,
                       .segments = *segments_,
                       .fetcher = *fetcher_,
                       .slot = slot_,
                       .keys = keys_,
                       .workers = workers_});
  CO_TRY_LET(const std::uint64_t freed, co_await collector.collect(live));
  CO_TRY(co_await make_checkpoint(false));
  CO_TRY(co_await segments_->measure_room());
  co_return freed;
}

Task<void> LocalVault::close() {
  is_closing_ = true;
  log_grew_.wake_all();
  log_shrank_.wake_all();
  tail_moved_.wake_all();
  const auto collected = co_await collecting_.lock();
  const auto checkpointed = co_await checkpointing_.lock();
  segments_->stop();
  // The next start has nothing to replay then; without it, it has.
  if (is_open_ && !journal_->failure()) static_cast<void>(co_await flush());
  while (commits_ > 0) co_await commit_ended_.wait();
  co_await tasks_.join();
  co_await journal_->stop();
  co_await journal_tasks_.join();
  co_await log_->close();
}

}  // namespace holdfast::vault
