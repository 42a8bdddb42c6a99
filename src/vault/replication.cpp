#include "vault/replication.h"

#include "base/check.h"
#include "base/log.h"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <functional>

namespace holdfast::vault {

Replication::Replication(const OpenGeneration& generation, env::Clock& clock, WaitList& changed)
    : acknowledgements_(generation.generation.acknowledgements),
      clock_(clock),
      tail_(generation.tail),
      acknowledged_(generation.tail.sequence),
      changed_(changed) {
  for (std::size_t i = 0; i < generation.slots.size(); ++i) {
    Replica& replica = replicas_.emplace_back();
    replica.slot = generation.slots[i];
    replica.writer = {.generation = generation.generation.id,
                      .epoch = generation.generation.epoch,
                      .incarnation = generation.generation.members[i].incarnation};
    replica.synced = tail_.sequence;
  }
}

void Replication::start(const boost::asio::any_io_executor& executor, TaskGroup& group) {
  for (Replica& replica : replicas_) {
    ++running_;
    group.spawn(executor, replicate(replica));
  }
}

void Replication::push(SealedRecord record) {
  check(record.before == tail_, "records are pushed in order");
  tail_ = record.after;
  items_bytes_ += record.bytes.size();
  items_.push_back(std::make_shared<const SealedRecord>(std::move(record)));
  for (Replica& replica : replicas_) replica.work.wake_one();
  strike_off_laggards();
}

Task<void> Replication::replicate(Replica& replica) {
  while (!is_stopping_ && !failure_ && !replica.is_struck_off) {
    if (replica.synced == tail_.sequence) {
      co_await replica.work.wait();
      continue;
    }
    // The items stay alive with the batch, whatever becomes of the queue meanwhile.
    const auto batch = next_batch(replica);
    replica.busy_since = clock_.now();
    auto appended = co_await append(replica, batch);
    replica.busy_since.reset();
    if (appended) {
      synced(replica, batch.back()->after.sequence);
    } else {
      failed(replica, std::move(appended).error());
    }
  }
  --running_;
}

std::vector<Replication::Item> Replication::next_batch(const Replica& replica) const {
  std::vector<Item> batch;
  std::size_t bytes = 0;
  for (std::size_t i = replica.synced - items_.front()->before.sequence; i < items_.size(); ++i) {
    bytes += items_[i]->bytes.size();
    if (!batch.empty() && (bytes > batch_bytes_max || batch.size() == batch_records_max)) break;
    batch.push_back(items_[i]);
  }
  return batch;
}

Task<Result<void>> Replication::append(Replica& replica, const std::vector<Item>& batch) {
  std::vector<ByteView> views;
  views.reserve(batch.size());
  for (const Item& item : batch) views.emplace_back(item->bytes);
  const Instant give_up = clock_.now() + full_patience;
  for (;;) {
    auto appended = co_await replica.slot->append(replica.writer, batch.front()->before, views);
    const bool is_full = !appended && appended.error().code() == ErrorCode::full;
    if (!is_full || is_stopping_ || clock_.now() >= give_up) co_return appended;
    co_await clock_.sleep_until(clock_.now() + full_pause);
  }
}

void Replication::synced(Replica& replica, std::uint64_t sequence) {
  replica.synced = sequence;
  // The A-th highest. One that was struck off has still synced what it has.
  std::vector<std::uint64_t> all;
  for (const Replica& each : replicas_) all.push_back(each.synced);
  std::ranges::nth_element(all, all.begin() + (acknowledgements_ - 1), std::greater());
  const std::uint64_t reached = all[acknowledgements_ - 1];
  if (reached > acknowledged_) {
    acknowledged_ = reached;
    changed_.wake_all();
  }
  drop_what_all_have();
}

void Replication::drop_what_all_have() {
  std::uint64_t needed_after = acknowledged_;
  for (const Replica& replica : replicas_) {
    if (!replica.is_struck_off) needed_after = std::min(needed_after, replica.synced);
  }
  while (!items_.empty() && items_.front()->after.sequence <= needed_after) {
    items_bytes_ -= items_.front()->bytes.size();
    items_.pop_front();
  }
}

void Replication::failed(Replica& replica, Error error) {
  // Once stopped it is fenced, as it should be.
  if (failure_ || is_stopping_ || replica.is_struck_off) return;
  if (error.code() == ErrorCode::conflict) {
    fail_all(std::move(error).within("somebody else owns the log"));
    return;
  }
  replica.is_struck_off = true;
  log::error("log: slot {} is struck off: {}", to_string(replica.slot->id()), error.context());
  trouble_ = std::move(error);
  drop_what_all_have();
  changed_.wake_all();
}

void Replication::strike_off_laggards() {
  for (Replica& replica : replicas_) {
    const bool lags = replica.synced < acknowledged_ &&
                      (items_bytes_ > lag_bytes_max ||
                       (replica.busy_since && clock_.now() - *replica.busy_since > lag_span_max));
    if (lags && !replica.is_struck_off && living() > acknowledgements_) {
      failed(replica, Error(ErrorCode::timed_out, "it lags behind"));
    }
  }
}

void Replication::fail_all(Error error) {
  failure_ = std::move(error);
  for (Replica& replica : replicas_) replica.work.wake_all();
  changed_.wake_all();
}

std::size_t Replication::living() const {
  return static_cast<std::size_t>(
      std::ranges::count(replicas_, false, [](const Replica& each) { return each.is_struck_off; }));
}

std::vector<SlotId> Replication::struck_off() const {
  std::vector<SlotId> slots;
  for (const Replica& each : replicas_) {
    if (each.is_struck_off) slots.push_back(each.slot->id());
  }
  return slots;
}

Task<void> Replication::truncate_one(Replica& replica, std::uint64_t until) {
  auto truncated = co_await replica.slot->truncate_log(replica.writer, until);
  if (!truncated) failed(replica, std::move(truncated).error());
}

Task<void> Replication::truncate(std::uint64_t until) {
  ++running_;
  TaskGroup group;
  const auto executor = co_await boost::asio::this_coro::executor;
  for (Replica& replica : replicas_) {
    // One that lags holds nothing yet that it could forget, and is not waited for.
    if (!replica.is_struck_off && replica.synced + 1 >= until) {
      group.spawn(executor, truncate_one(replica, until));
    }
  }
  co_await group.join();
  --running_;
}

void Replication::stop() {
  is_stopping_ = true;
  for (Replica& replica : replicas_) replica.work.wake_all();
}

std::vector<std::shared_ptr<const SealedRecord>> Replication::records_after(
    std::uint64_t sequence) const {
  std::vector<Item> left;
  for (const Item& item : items_) {
    if (item->after.sequence > sequence) left.push_back(item);
  }
  return left;
}

}  // namespace holdfast::vault
