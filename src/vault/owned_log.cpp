#include "vault/owned_log.h"

#include "base/check.h"
#include "base/log.h"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace holdfast::vault {
namespace {

constexpr std::size_t replay_bytes = 4 * mib;   // Read at a time.
constexpr std::uint64_t mark_bytes = 64 * kib;  // Between marks.
constexpr std::uint64_t look_bytes = 1 * mib;   // How much may be written until room is looked for,
constexpr Duration look_span = std::chrono::seconds(1);  // and how old an answer may be.

}  // namespace

Task<Result<std::unique_ptr<RangeLog>>> RangeLog::take_over(grid::Coordination& coordination,
                                                            std::vector<slot::Slot*> slots,
                                                            const KeyRing& keys, env::Clock& clock,
                                                            env::Random& random,
                                                            RangeLogOptions options) {
  check(!slots.empty() && slots.size() <= generation_members_max, "a log has some slots");
  auto log = std::make_unique<OwnedLog>(OwnedLog::Environment{.coordination = coordination,
                                                              .slots = std::move(slots),
                                                              .keys = keys,
                                                              .clock = clock,
                                                              .random = random,
                                                              .options = std::move(options)});
  auto taken = co_await log->take_over();
  if (!taken) {
    co_await log->close();
    co_return std::unexpected(std::move(taken).error().within("take the log over"));
  }
  co_return log;
}

Task<Result<void>> OwnedLog::take_over() {
  executor_ = co_await boost::asio::this_coro::executor;
  TakeOver take_over({.coordination = environment_.coordination,
                      .slots = environment_.slots,
                      .keys = environment_.keys,
                      .clock = environment_.clock,
                      .random = environment_.random,
                      .options = environment_.options,
                      .tasks = tasks_});
  CO_TRY_LET(opened_, co_await take_over.run());
  first_sequence_ = opened_.before.sequence + 1;
  marks_.push_back({.sequence = first_sequence_, .bytes = 0});
  note_size(opened_.tail.sequence, opened_.size_bytes);
  sealer_.emplace(environment_.keys, opened_.generation.id);
  replication_ = std::make_unique<Replication>(opened_, environment_.clock);
  replication_->start(executor_, tasks_);
  co_await look_for_room();
  co_return Result<void>();
}

Task<Result<void>> OwnedLog::replay(std::uint64_t from, ReplayVisitor visitor) {
  check(replication_->tail() == opened_.tail, "a log is replayed before it grows");
  if (from < first_sequence_) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("record {} is wanted, the log begins at {}", from, first_sequence_));
  }
  std::uint64_t next = from;
  for (std::size_t i = 0; i < opened_.slots.size(); ++i) {
    auto replayed = co_await replay_from(*opened_.slots[i], next, visitor);
    const bool may_another_do =
        !replayed && replayed.error().code() == ErrorCode::io && i + 1 < opened_.slots.size();
    if (!may_another_do) co_return replayed;
  }
  co_return Result<void>();
}

// Advances `next` with each record that was visited. `io` when this slot cannot go on, and another
// one might.
Task<Result<void>> OwnedLog::replay_from(slot::Slot& slot, std::uint64_t& next,
                                         ReplayVisitor& visitor) {
  RecordOpener opener(environment_.keys);
  while (next <= opened_.tail.sequence) {
    auto records = co_await slot.read_log(opened_.generation.id, next, replay_bytes);
    if (!records) co_return fail(ErrorCode::io, std::move(records).error().context());
    if (records->empty()) co_return fail(ErrorCode::io, fmt::format("record {} is gone", next));
    for (const slot::LogRecord& record : *records) {
      if (record.sequence != next) {
        co_return fail(ErrorCode::io, fmt::format("record {} is gone", next));
      }
      CO_TRY_LET(const Bytes plain, opener.open(next, record.content));
      CO_TRY(co_await visitor(next, plain));
      if (next++ == opened_.tail.sequence) break;
    }
  }
  co_return Result<void>();
}

std::uint64_t OwnedLog::submit(Bytes record) {
  check(record.size() <= record_bytes_max, "a record fits into the log");
  const slot::LogTail before = replication_->tail();
  const std::uint64_t sequence = before.sequence + 1;
  if (replication_->failure()) return before.sequence + ++refused_;  // Whoever waits is told.
  Bytes sealed = sealer_->seal(sequence, record);
  const slot::LogTail after{.sequence = sequence,
                            .chain = slot::extend_chain(before.chain, sequence, sealed)};
  note_size(sequence, sealed.size());
  replication_->push({.before = before, .after = after, .bytes = std::move(sealed)});
  if (bytes_ever_ - looked_at_bytes_ >= look_bytes) look_for_room_soon();
  return sequence;
}

Task<Result<void>> OwnedLog::wait_for(std::uint64_t sequence) {
  while (replication_->acknowledged() < sequence) {
    if (replication_->failure()) co_return std::unexpected(*replication_->failure());
    co_await replication_->wait_for_change();
  }
  co_return Result<void>();
}

Task<Result<void>> OwnedLog::truncate(std::uint64_t until) {
  if (replication_->failure()) co_return std::unexpected(*replication_->failure());
  until = std::min(until, replication_->acknowledged() + 1);
  if (until <= first_sequence_) co_return Result<void>();
  co_await replication_->truncate(until);
  if (replication_->failure()) co_return std::unexpected(*replication_->failure());
  first_sequence_ = until;
  const auto above = std::ranges::upper_bound(marks_, until, {}, &Mark::sequence);
  marks_.erase(marks_.begin(), std::prev(above));
  size_bytes_ = bytes_ever_ - marks_.front().bytes;
  look_for_room_soon();
  co_return Result<void>();
}

// `bytes` were added up to `sequence`.
void OwnedLog::note_size(std::uint64_t sequence, std::uint64_t bytes) {
  bytes_ever_ += bytes;
  if (bytes_ever_ - marks_.back().bytes >= mark_bytes) {
    marks_.push_back({.sequence = sequence + 1, .bytes = bytes_ever_});
  }
  size_bytes_ = bytes_ever_ - marks_.front().bytes;
}

bool OwnedLog::is_short_of_room() {
  if (environment_.clock.now() - looked_at_ >= look_span) look_for_room_soon();
  return is_short_;
}

void OwnedLog::look_for_room_soon() {
  if (!is_looking_ && !is_closing_) tasks_.spawn(executor_, look_for_room());
}

Task<void> OwnedLog::look_for_room() {
  is_looking_ = true;
  looked_at_ = environment_.clock.now();
  looked_at_bytes_ = bytes_ever_;
  bool is_short = false;
  for (slot::Slot* const slot : opened_.slots) {
    const auto usage = co_await slot->usage();
    is_short |= usage && usage->is_short;
  }
  is_short_ = is_short;
  is_looking_ = false;
}

Task<void> OwnedLog::close() {
  is_closing_ = true;
  if (replication_) {
    while (replication_->acknowledged() < replication_->tail().sequence &&
           !replication_->failure()) {
      co_await replication_->wait_for_change();
    }
    replication_->stop();
  }
  co_await tasks_.join();
}

}  // namespace holdfast::vault
