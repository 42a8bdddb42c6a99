#include "vault/journal.h"

#include "base/check.h"
#include "base/log.h"
#include "vault/batch_sum.h"
#include "vault/families.h"

#include <algorithm>
#include <cstring>

namespace holdfast::vault {
namespace {

// Rows that one batch of the table may change, so that a batch stays short.
constexpr std::size_t batch_changes_max = 4096;

}  // namespace

std::string encode_number(std::uint64_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

Result<std::uint64_t> decode_number(std::string_view row) {
  std::uint64_t number = 0;
  if (row.size() != sizeof number) return fail(ErrorCode::corrupt, "row is not a number");
  std::memcpy(&number, row.data(), sizeof number);
  return number;
}

Journal::Journal(RangeLog& log, env::Table& table, std::uint64_t applied)
    : log_(log), table_(table), applied_(applied) {}

void Journal::start(const boost::asio::any_io_executor& executor, TaskGroup& group) {
  has_ended_ = false;
  group.spawn(executor, apply_all());
}

std::uint64_t Journal::submit(Entry entry) {
  check(!is_stopping_, "nothing is submitted to a journal that stops");
  const std::uint64_t sequence = log_.submit(encode_record(entry.changes, entry.frames));
  changes_ever_ += entry.changes.changes.size();
  submitted_.push_back({sequence, std::move(entry.changes), std::move(entry.on_applied)});
  work_.wake_one();
  return sequence;
}

Task<Result<void>> Journal::wait_applied(std::uint64_t sequence) {
  if (applied_ >= sequence) co_return Result<void>();
  if (!failure_) {
    auto done = std::make_shared<Event>();
    // Sequences come nearly in order, so the place is at or near the end.
    auto at = waiting_.end();
    while (at != waiting_.begin() && std::prev(at)->first > sequence) --at;
    waiting_.emplace(at, sequence, done);
    co_await done->wait();
  }
  if (applied_ >= sequence) co_return Result<void>();
  co_return std::unexpected(*failure_);
}

Task<Result<std::uint64_t>> Journal::commit(Entry entry) {
  if (failure_) co_return std::unexpected(*failure_);
  const std::uint64_t sequence = submit(std::move(entry));
  CO_TRY(co_await wait_applied(sequence));
  co_return sequence;
}

Task<void> Journal::apply_all() {
  for (;;) {
    while (submitted_.empty() && !is_stopping_) co_await work_.wait();
    if (submitted_.empty()) break;
    auto applied = co_await apply_next();
    if (!applied) {
      fail_all(std::move(applied).error());
      break;
    }
  }
  has_ended_ = true;
  ended_.wake_all();
}

// Waits for the oldest submission to be acknowledged, and applies it with all that were
// acknowledged along with it as one batch.
Task<Result<void>> Journal::apply_next() {
  CO_TRY(co_await log_.wait_for(submitted_.front().sequence));
  BatchSum batch;
  std::vector<std::function<void()>> callbacks;
  std::uint64_t last = applied_;
  while (!submitted_.empty() && submitted_.front().sequence <= log_.acknowledged() &&
         batch.size() < batch_changes_max) {
    Submitted& next = submitted_.front();
    batch.take(std::move(next.changes));
    if (next.on_applied) callbacks.push_back(std::move(next.on_applied));
    last = next.sequence;
    submitted_.pop_front();
  }
  batch.put(meta_family, std::string(applied_key), encode_number(last));
  CO_TRY(co_await table_.apply(batch.finish()));
  applied_ = last;
  for (auto& callback : callbacks) callback();
  while (!waiting_.empty() && waiting_.front().first <= applied_) {
    waiting_.front().second->set();
    waiting_.pop_front();
  }
  co_return Result<void>();
}

void Journal::fail_all(Error error) {
  log::error("the vault takes no more changes: {}", error.context());
  failure_ = std::move(error);
  submitted_.clear();
  for (auto& [sequence, done] : std::exchange(waiting_, {})) done->set();
}

Task<void> Journal::stop() {
  is_stopping_ = true;
  work_.wake_all();
  while (!has_ended_) co_await ended_.wait();
}

}  // namespace holdfast::vault
