// A range's log in memory, for tests of what stands on it: acknowledged records survive the owner,
// the others may.
#pragma once

#include "env/clock.h"
#include "sim/random.h"
#include "vault/range_log.h"

#include <deque>
#include <memory>
#include <optional>

namespace holdfast::vault {

// What outlives an owner.
struct MemoryLogStore {
  std::uint64_t first = 1;
  std::deque<Bytes> records;  // From `first` on.
  std::uint64_t acknowledged = 0;

  std::uint64_t next() const { return first + records.size(); }

  // The owner died: of what was not acknowledged, some beginning survives.
  void crash(sim::Random& random) {
    const std::uint64_t open = next() - 1 - acknowledged;
    for (std::uint64_t lost = random.draw_number() % (open + 1); lost > 0; --lost) {
      records.pop_back();
    }
    acknowledged = next() - 1;
  }
};

class MemoryLog final : public RangeLog {
 public:
  MemoryLog(MemoryLogStore& store, env::Clock& clock) : store_(store), clock_(clock) {}

  Task<Result<void>> replay(std::uint64_t from, ReplayVisitor visitor) override {
    for (std::uint64_t at = from; at < store_.next(); ++at) {
      CO_TRY(co_await visitor(at, store_.records[at - store_.first]));
    }
    co_return Result<void>();
  }
  std::uint64_t first_sequence() const override { return store_.first; }
  std::uint64_t next_sequence() const override { return store_.next(); }
  std::uint64_t submit(Bytes record) override {
    size_bytes_ += record.size();
    store_.records.push_back(std::move(record));
    return store_.next() - 1;
  }
  Task<Result<void>> wait_for(std::uint64_t sequence) override {
    if (store_.acknowledged < sequence) {
      co_await clock_.sleep_until(clock_.now() + std::chrono::milliseconds(1));
      store_.acknowledged = std::max(store_.acknowledged, sequence);
    }
    co_return Result<void>();
  }
  std::uint64_t acknowledged() const override { return store_.acknowledged; }
  Task<Result<void>> truncate(std::uint64_t until) override {
    for (; store_.first < until; ++store_.first) {
      size_bytes_ -= std::min<std::uint64_t>(size_bytes_, store_.records.front().size());
      store_.records.pop_front();
    }
    co_return Result<void>();
  }
  std::uint64_t size_bytes() const override { return size_bytes_; }
  bool may_serve() const override { return true; }
  Task<void> close() override { co_return; }

 private:
  MemoryLogStore& store_;
  env::Clock& clock_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace holdfast::vault
