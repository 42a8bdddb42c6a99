// Keeping the log short: the tables made durable, here and in segments, what only the log has
// brought forward, the rest cut off.
#include "base/log.h"
#include "vault/checkpoint_writer.h"
#include "vault/families.h"
#include "vault/local_vault.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::vault {
namespace {

using namespace std::chrono_literals;

constexpr Duration retry_after = 1s;
constexpr std::size_t forward_record_bytes = 4 * mib;
constexpr Duration copy_again_after = 30s;                   // When one failed.
constexpr std::size_t checkpoint_rows_bytes_max = 15 * mib;  // Both go into one record.

}  // namespace

Task<void> LocalVault::keep_log_short() {
  while (!is_closing_ && !journal_->failure()) {
    if (!is_checkpoint_due()) {
      co_await log_grew_.wait();
      continue;
    }
    if (auto done = co_await make_checkpoint(is_copy_due()); !done) {
      log::error("checkpoint failed, trying again: {}", done.error().context());
      co_await clock_.sleep_until(clock_.now() + retry_after);
    } else if (log_->size_bytes() > options_.log_bytes_max) {
      // Segments that find no room keep it so long. Who frees some waits for it.
      co_await clock_.sleep_until(clock_.now() + retry_after);
    }
  }
  log_shrank_.wake_all();
}

// The log is cut off by the older of the checkpoints that are kept: so there must be as many that
// hold everything. They share what is large, which the second finds known.
Task<Result<void>> LocalVault::rest() {
  if (log_->size_bytes() <= options_.rest_log_bytes) co_return Result<void>();
  for (std::size_t i = 0; i < checkpoints_kept; ++i) {
    CO_TRY(co_await make_checkpoint(true));
  }
  co_return Result<void>();
}

Task<Result<void>> LocalVault::make_checkpoint(bool with_copy) {
  const auto hold = co_await checkpointing_.lock();
  if (is_closing_) co_return fail(ErrorCode::unavailable, "the vault is closing");
  const std::uint64_t applied = journal_->applied();
  CO_TRY(co_await flush());
  Result<void> copied;
  if (with_copy && home_ != nullptr) {
    copied = co_await copy_tables();
    if (is_closing_) co_return copied;
    if (!copied) copy_not_before_ = clock_.now() + copy_again_after;
  }
  const std::uint64_t before = cut_off_after(copied);
  CO_TRY(co_await carry_forward(before));
  const std::uint64_t needed = segments_->oldest_logged().value_or(applied + 1);
  CO_TRY(co_await log_->truncate(std::min(before + 1, needed)));
  checkpoint_before_ = applied;
  log_bytes_before_ = log_->size_bytes();
  if (with_copy && copied) log_bytes_copied_ = log_bytes_before_;
  log_bytes_copied_ = std::min(log_bytes_copied_, log_bytes_before_);
  log_shrank_.wake_all();
  co_return copied;
}

// Records up to here may go. Tables that are lost are built again from the older of two checkpoints
// at worst. Without a home for copies, and where there is no room for one for so long that the log
// itself comes to its end, what was flushed before has to do.
std::uint64_t LocalVault::cut_off_after(const Result<void>& copied) const {
  if (home_ == nullptr) return checkpoint_before_;
  if (!copied && log_->size_bytes() > options_.log_bytes_max / 2) {
    log::error(
        "The log is cut off without a copy of the tables, which must not be lost until there "
        "is one: {}",
        copied.error().context());
    return checkpoint_before_;
  }
  return checkpoints_.size() == checkpoints_kept ? checkpoints_.front().applied : 0;
}

// Makes the local tables durable, and does what had to wait for that.
Task<Result<void>> LocalVault::flush() {
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
  co_return co_await close_old_sessions();
}

// Brings the tables as they are now into segments, beside whatever else goes on.
Task<Result<void>> LocalVault::copy_tables() {
  env::Disk& disk = home_->disk();
  const std::string folder = copy_folder();
  CO_TRY(co_await remove_tree(disk, folder));
  const std::uint64_t applied = journal_->applied();
  CO_TRY_LET(auto files, co_await table_->copy_to(folder));
  for (; unreadable_ > 0 && !checkpoints_.empty(); --unreadable_) checkpoints_.pop_back();
  CheckpointWriter writer({.segments = *segments_,
                           .journal = *journal_,
                           .slot = slot_,
                           .keys = keys_,
                           .workers = workers_,
                           .disk = disk,
                           .is_ending = is_closing_});
  const Checkpoint* before = checkpoints_.empty() ? nullptr : &checkpoints_.back();
  auto written = co_await writer.write(folder, std::move(files), before, applied);
  static_cast<void>(co_await remove_tree(disk, folder));  // The next copy begins with that.
  Result<void> named;
  if (written) {
    named = co_await name_checkpoint(*std::move(written));
  } else {
    named = std::unexpected(std::move(written).error().within("copy the tables"));
  }
  CO_TRY(co_await bury_unnamed());
  co_return named;
}

// From this record on, tables can be built from the checkpoint.
Task<Result<void>> LocalVault::name_checkpoint(Checkpoint checkpoint) {
  std::string row = encode_checkpoint(checkpoint);
  const std::string row_before =
      checkpoints_.empty() ? std::string() : encode_checkpoint(checkpoints_.back());
  if (row.size() + row_before.size() > checkpoint_rows_bytes_max) {
    co_return fail(ErrorCode::unsupported,
                   fmt::format("the tables have {} files, more than a checkpoint can name",
                               checkpoint.files.size()));
  }
  Journal::Entry entry;
  entry.changes.put(meta_family, std::string(checkpoint_key), std::move(row));
  if (!row_before.empty()) {
    entry.changes.put(meta_family, std::string(checkpoint_before_key), row_before);
  }
  entry.on_applied = [this, made = std::move(checkpoint)]() mutable {
    checkpoints_.push_back(std::move(made));
    if (checkpoints_.size() > checkpoints_kept) checkpoints_.pop_front();
  };
  CO_TRY(co_await journal_->commit(std::move(entry)));
  co_return Result<void>();
}

// Segments of checkpoints that are kept no more, or that did not come to an end. None is being
// made.
Task<Result<void>> LocalVault::bury_unnamed() {
  Journal::Entry entry;
  std::vector<SegmentNumber> unnamed;
  for (const auto& [number, row] : segments_->rows()) {
    if (row.kind != SegmentKind::checkpoint) continue;
    const bool is_named = std::ranges::any_of(
        checkpoints_, [&](const Checkpoint& each) { return each.segments.contains(number); });
    if (is_named) continue;
    unnamed.push_back(number);
    SegmentRow dead = row;
    dead.state = SegmentRow::State::dead;
    entry.changes.put(segments_family, segment_key_of(number), encode_segment_row(dead));
  }
  if (unnamed.empty()) co_return Result<void>();
  CO_TRY(co_await journal_->commit(std::move(entry)));
  co_return co_await remove_segments(std::move(unnamed));
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
    // One that heals a damaged chunk may still be on its way into the buffer, and is in no record.
    if (!is_unregistered || (chunk->replaces && chunk->is_filled)) {
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
