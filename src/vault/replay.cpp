#include "vault/replay.h"

#include "vault/batch_sum.h"
#include "vault/families.h"
#include "vault/journal.h"
#include "vault/segment_store.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::vault {
namespace {

// Changes gathered for one batch of the table.
constexpr std::size_t batch_changes = 8192;

Task<Result<std::uint64_t>> read_number(env::Table& table, std::string_view name) {
  CO_TRY_LET(const auto row, co_await table.get(meta_family, std::string(name)));
  if (!row) co_return std::uint64_t{0};
  co_return decode_number(*row);
}

class Replay {
 public:
  Replay(env::Table& table, Replayed& replayed) : table_(table), replayed_(replayed) {}

  Task<Result<void>> take(std::uint64_t sequence, ByteView bytes) {
    auto record = decode_record(bytes);
    if (!record) {
      co_return std::unexpected(
          std::move(record).error().within(fmt::format("record {} of the log", sequence)));
    }
    for (const Frame& frame : record->frames) {
      replayed_.logged[frame.place.segment].push_back({.record = sequence,
                                                       .id = frame.id,
                                                       .place = frame.place,
                                                       .sealed = to_bytes(frame.sealed)});
    }
    drop_sealed(record->changes);
    // What the table has already is read for its chunks only.
    if (sequence <= replayed_.applied) co_return Result<void>();
    last_ = sequence;
    replayed_.changes += record->changes.changes.size();
    batch_.take(std::move(record->changes));
    if (batch_.size() >= batch_changes) {
      CO_TRY(co_await apply());
    }
    co_return Result<void>();
  }

  Task<Result<void>> apply() {
    if (last_ <= replayed_.applied) co_return Result<void>();
    batch_.put(meta_family, std::string(applied_key), encode_number(last_));
    CO_TRY(co_await table_.apply(batch_.finish()));
    replayed_.applied = last_;
    co_return Result<void>();
  }

 private:
  // Chunks of a segment that was sealed, or that is gone, are not needed from the log.
  void drop_sealed(const env::Batch& changes) {
    for (const auto& change : changes.changes) {
      if (change.family != segments_family || change.key.size() != 4) continue;
      if (change.kind == env::Batch::Kind::put) {
        const auto row = decode_segment_row(change.value);
        if (row && row->state == SegmentRow::State::granted) continue;
      }
      replayed_.logged.erase(segment_number_of(change.key));
    }
  }

  env::Table& table_;
  Replayed& replayed_;
  BatchSum batch_;
  std::uint64_t last_ = 0;
};

}  // namespace

Task<Result<Replayed>> replay(RangeLog& log, env::Table& table) {
  CO_TRY_LET(const std::uint64_t format, co_await read_number(table, format_key));
  if (format > format_version) {
    co_return fail(ErrorCode::unsupported,
                   fmt::format("the vault has format {}, this version knows {}: use a newer one",
                               format, format_version));
  }
  Replayed replayed;
  CO_TRY_LET(replayed.applied, co_await read_number(table, applied_key));
  const std::uint64_t first = log.first_sequence();
  if (replayed.applied + 1 < first || replayed.applied >= log.next_sequence()) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("the tables end at record {}, the log has records {} to {}: restore "
                               "the folder that is older or newer than the other",
                               replayed.applied, first, log.next_sequence() - 1));
  }
  CO_TRY_LET(const std::uint64_t needed, co_await read_number(table, needed_key));
  const std::uint64_t from = std::max(first, std::min(needed, replayed.applied + 1));
  if (from < log.next_sequence()) {
    Replay work(table, replayed);
    CO_TRY(co_await log.replay(from, [&work](std::uint64_t sequence, ByteView bytes) {
      return work.take(sequence, bytes);
    }));
    CO_TRY(co_await work.apply());
  }
  CO_TRY_LET(replayed.session, co_await read_number(table, session_key));
  co_return replayed;
}

}  // namespace holdfast::vault
