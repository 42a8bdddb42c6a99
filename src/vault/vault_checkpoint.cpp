// Keeping the log short: the table made durable, what only the log has brought forward, the rest
// cut off.
#include "base/log.h"
#include "vault/families.h"
#include "vault/local_vault.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::vault {
namespace {

using namespace std::chrono_literals;

constexpr Duration retry_after = 1s;
constexpr std::size_t forward_record_bytes = 4 * mib;

}  // namespace

Task<void> LocalVault::keep_log_short() {
  while (!is_closing_ && !journal_->failure()) {
    if (!is_checkpoint_due()) {
      co_await log_grew_.wait();
      continue;
    }
    if (auto done = co_await checkpoint(); !done) {
      log::error("checkpoint failed, trying again: {}", done.error().context());
      co_await clock_.sleep_until(clock_.now() + retry_after);
    }
  }
  log_shrank_.wake_all();
}

Task<Result<void>> LocalVault::checkpoint() {
  const auto hold = co_await checkpointing_.lock();
  const std::uint64_t applied = journal_->applied();
  std::vector<SegmentNumber> dead;
  for (const auto& [number, row] : segments_->rows()) {
    if (row.state == SegmentRow::State::dead) dead.push_back(number);
  }
  const std::uint64_t changes = changes_ever();
  // A row of the tables only: no replay that begins with them reads records before this.
  env::Batch here;
  here.put(meta_family, std::string(needed_key),
           encode_number(segments_->oldest_logged().value_or(applied + 1)));
  CO_TRY(co_await table_->apply(std::move(here)));
  CO_TRY(co_await table_->flush());
  changes_flushed_ = changes;
  CO_TRY(co_await remove_segments(std::move(dead)));
  CO_TRY(co_await close_old_sessions());
  CO_TRY(co_await carry_forward(checkpoint_before_));
  const std::uint64_t needed = segments_->oldest_logged().value_or(applied + 1);
  CO_TRY(co_await log_->truncate(std::min(checkpoint_before_ + 1, needed)));
  checkpoint_before_ = applied;
  log_bytes_before_ = log_->size_bytes();
  log_shrank_.wake_all();
  co_return Result<void>();
}

// Segments that keep records up to `before` from being cut off are sealed if that is worth it; what
// the log has of the others is written to it again.
Task<Result<void>> LocalVault::carry_forward(std::uint64_t before) {
  std::vector<std::shared_ptr<OpenSegment>> held;
  for (const auto& [number, segment] : segments_->open_segments()) {
    if (segment->oldest_logged != 0 && segment->oldest_logged <= before) held.push_back(segment);
  }
  for (const auto& segment : held) {
    if (segment->is_closed || segment->chunks_end >= segment_bytes_min) {
      segments_->seal(segment);
      co_await segment->judged.wait();
      if (!segment->settled.is_set()) continue;  // No room: its records stay in the log.
      if (segment->has_failed) co_return fail(ErrorCode::io, "a segment could not be stored");
      continue;
    }
    CO_TRY(co_await log_again(segment));
  }
  co_return Result<void>();
}

// All chunks of the segment that some record holds, as far as it goes now: later chunks are in
// later records. Those whose rows still name an older place are registered with it.
Task<Result<void>> LocalVault::log_again(std::shared_ptr<OpenSegment> segment) {
  const std::uint64_t first = journal_->next_sequence();
  Journal::Entry entry;
  std::vector<std::shared_ptr<PendingChunk>> registered;
  std::size_t size = 0;
  const std::size_t count = segment->entries.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& chunk = segment->pending[i];
    const bool is_unregistered = chunk && chunk->state == PendingChunk::State::buffered;
    if (!is_unregistered || chunk->replaces) {
      const ChunkEntry& at = segment->entries[i];
      const Place place{.segment = segment->number,
                        .index = static_cast<std::uint32_t>(i),
                        .offset = at.offset,
                        .stored = at.stored,
                        .plain = at.plain,
                        .codec = at.codec};
      entry.frames.push_back({.id = at.id, .place = place, .sealed = segment->bytes_of(place)});
      size += at.stored;
      if (is_unregistered) {
        segments_->register_chunk(*chunk, entry.changes);
        registered.push_back(chunk);
      }
    }
    if (entry.frames.empty() || (size < forward_record_bytes && i + 1 < count)) continue;
    if (!registered.empty()) {
      entry.on_applied = [this, settled = std::exchange(registered, {})] {
        for (const auto& each : settled) segments_->settle(*each);
      };
    }
    journal_->submit(std::exchange(entry, {}));
    size = 0;
  }
  if (journal_->next_sequence() == first) co_return Result<void>();
  CO_TRY(co_await journal_->wait_applied(journal_->next_sequence() - 1));
  segment->oldest_logged = first;
  co_return Result<void>();
}

// Their last rows went before a checkpoint that is durable: nothing that is read again needs them.
Task<Result<void>> LocalVault::remove_segments(std::vector<SegmentNumber> gone) {
  if (gone.empty()) co_return Result<void>();
  Journal::Entry entry;
  for (const SegmentNumber number : gone) {
    CO_TRY(co_await slot_.remove_shard({.segment = segments_->find(number)->id, .number = 0}));
    entry.changes.remove(segments_family, segment_key_of(number));
    entry.changes.remove(counters_family, segment_counters_key(number));
  }
  CO_TRY(co_await journal_->commit(std::move(entry)));
  for (const SegmentNumber number : gone) segments_->forget(number);
  co_return Result<void>();
}

}  // namespace holdfast::vault
