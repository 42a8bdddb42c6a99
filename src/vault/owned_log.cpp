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
constexpr std::uint64_t brought_steps_max = 256;
constexpr std::uint64_t look_bytes = 1 * mib;  // How much may be written until room is looked for,
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
  CO_TRY(co_await open_generation({}));
  replication_ = std::make_unique<Replication>(opened_, environment_.clock, changed_);
  replication_->start(executor_, tasks_);
  tasks_.spawn(executor_, watch());
  co_await look_for_room();
  co_return Result<void>();
}

// Takes over, from whomever it may be, and counts anew what the log holds.
Task<Result<void>> OwnedLog::open_generation(std::vector<SlotId> avoided) {
  TakeOver take_over({.coordination = environment_.coordination,
                      .slots = environment_.slots,
                      .keys = environment_.keys,
                      .clock = environment_.clock,
                      .random = environment_.random,
                      .options = environment_.options,
                      .tasks = tasks_,
                      .avoided = std::move(avoided)});
  CO_TRY_LET(opened_, co_await take_over.run());
  first_sequence_ = opened_.before.sequence + 1;
  bytes_ever_ = 0;
  looked_at_bytes_ = 0;
  marks_.assign(1, {.sequence = first_sequence_, .bytes = 0});
  note_size_brought();
  sealer_.emplace(environment_.keys, opened_.generation.id);
  co_return Result<void>();
}

Task<void> OwnedLog::watch() {
  while (!is_stopped_ && !failure_) {
    if (replication_->failure()) {
      fail_all(*replication_->failure());
    } else if (replication_->trouble()) {
      co_await mend();
    } else {
      co_await changed_.wait();
    }
  }
}

// Goes on without the slots that failed: a take-over from oneself.
Task<void> OwnedLog::mend() {
  auto failed = replication_->struck_off();
  if (failed.size() == environment_.slots.size()) {
    fail_all(Error(*replication_->trouble()).within("no slot is left that keeps the log"));
    co_return;
  }
  replication_->stop();
  const std::uint64_t acknowledged = replication_->acknowledged();
  auto opened = co_await open_generation(std::move(failed));
  if (!opened) {
    fail_all(std::move(opened).error().within("go on without the slots that failed"));
    co_return;
  }
  check(opened_.tail.sequence >= acknowledged, "what was acknowledged is brought along");
  log::warning("log of {}: goes on with {} slots", environment_.options.range,
               opened_.slots.size());
  auto before = std::exchange(replication_,
                              std::make_unique<Replication>(opened_, environment_.clock, changed_));
  go_on_with(*before);
  retired_.push_back(std::move(before));
  std::erase_if(retired_, [](const auto& each) { return each->has_ended(); });
  replication_->start(executor_, tasks_);
  changed_.wake_all();
}

// What was submitted and is not in the new generation is written there under its own number, as
// this generation's writer seals it.
void OwnedLog::go_on_with(const Replication& before) {
  RecordOpener opener(environment_.keys);
  for (const auto& record : before.records_after(opened_.tail.sequence)) {
    auto plain = opener.open(record->after.sequence, record->bytes);
    check(plain.has_value(), "one can read what one wrote");
    push(*plain);
  }
}

void OwnedLog::fail_all(Error error) {
  failure_ = std::move(error);
  changed_.wake_all();
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
  // Whoever waits is told.
  if (failure_) return replication_->tail().sequence + ++refused_;
  push(record);
  if (bytes_ever_ - looked_at_bytes_ >= look_bytes) look_for_room_soon();
  return replication_->tail().sequence;
}

void OwnedLog::push(ByteView record) {
  const slot::LogTail before = replication_->tail();
  const std::uint64_t sequence = before.sequence + 1;
  Bytes sealed = sealer_->seal(sequence, record);
  const slot::LogTail after{.sequence = sequence,
                            .chain = slot::extend_chain(before.chain, sequence, sealed)};
  note_size(sequence, sealed.size());
  replication_->push({.before = before, .after = after, .bytes = std::move(sealed)});
}

Task<Result<void>> OwnedLog::wait_for(std::uint64_t sequence) {
  while (replication_->acknowledged() < sequence) {
    if (failure_) co_return std::unexpected(*failure_);
    co_await changed_.wait();
  }
  co_return Result<void>();
}

Task<Result<void>> OwnedLog::truncate(std::uint64_t until) {
  if (failure_) co_return std::unexpected(*failure_);
  until = std::min(until, replication_->acknowledged() + 1);
  if (until <= first_sequence_) co_return Result<void>();
  const GenerationId generation = opened_.generation.id;
  co_await replication_->truncate(until);
  if (failure_) co_return std::unexpected(*failure_);
  // Where a new generation came in between, a later truncation catches up.
  if (generation != opened_.generation.id || until <= first_sequence_) co_return Result<void>();
  first_sequence_ = until;
  const auto above = std::ranges::upper_bound(marks_, until, {}, &Mark::sequence);
  marks_.erase(marks_.begin(), std::prev(above));
  size_bytes_ = bytes_ever_ - marks_.front().bytes;
  look_for_room_soon();
  co_return Result<void>();
}

// How the bytes lie among the records that were brought is not known: about evenly.
void OwnedLog::note_size_brought() {
  const std::uint64_t count = opened_.tail.sequence + 1 - first_sequence_;
  const std::uint64_t steps = std::min<std::uint64_t>(count, brought_steps_max);
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 1; i <= steps; ++i) {
    const std::uint64_t until =
        opened_.size_bytes / steps * i + opened_.size_bytes % steps * i / steps;
    note_size(first_sequence_ - 1 + count * i / steps, until - bytes);
    bytes = until;
  }
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
    while (!failure_ && replication_->acknowledged() < replication_->tail().sequence) {
      co_await changed_.wait();
    }
    is_stopped_ = true;
    replication_->stop();
    changed_.wake_all();
  }
  co_await tasks_.join();
}

}  // namespace holdfast::vault
