// A range's log over slots on simulated disks that are crashed, lost and set back.
#pragma once

#include "sim/disk.h"
#include "sim/random.h"
#include "sim/world.h"
#include "slot/local_slot.h"
#include "vault/owned_log.h"
#include "vault/steady_coordination_test.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace holdfast::vault {

inline Bytes record_of(std::uint64_t sequence, std::size_t size = 100) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(sequence * 31 + i * (sequence % 7 + 1));
  }
  return bytes;
}

// Some slots, each on a disk of its own, and a log over them.
struct Grid {
  static constexpr slot::LocalSlotOptions slot_options{.log_file_bytes = 1 * mib,
                                                       .reserve_bytes = 0};

  explicit Grid(sim::World& in_world, std::size_t slot_count, unsigned losses_max,
                std::uint64_t seed = 1)
      : world(in_world), random(seed), keys(KeyRing::draw(random)) {
    options.losses_max = losses_max;
    for (std::size_t i = 0; i < slot_count; ++i) {
      disks.push_back(std::make_unique<sim::Disk>(seed * 100 + i));
      slots.emplace_back();
    }
  }

  Task<void> create_slots() {
    for (std::size_t i = 0; i < slots.size(); ++i) co_await create_slot(i);
  }
  Task<void> create_slot(std::size_t i) {
    slots[i] = (co_await slot::LocalSlot::create(*disks[i], "slot", random, slot_options)).value();
  }
  // Those of which there is anything.
  Task<void> open_slots() {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i]) continue;
      auto opened = co_await slot::LocalSlot::open(*disks[i], "slot", random, slot_options);
      if (opened) slots[i] = std::move(*opened);
    }
  }
  Task<Result<void>> take_over() {
    std::vector<slot::Slot*> present;
    for (const auto& each : slots) {
      if (each) present.push_back(each.get());
    }
    CO_TRY_LET(log,
               co_await RangeLog::take_over(coordination, present, keys, world, random, options));
    co_return Result<void>();
  }

  // The process ends. Disks do what they do without power.
  Task<void> stop() {
    if (log) co_await log->close();
    log.reset();
    for (auto& each : slots) {
      if (each) co_await each->close();
      each.reset();
    }
  }
  Task<void> crash() {
    co_await stop();
    for (auto& disk : disks) {
      disk->set_faults(nullptr);
      disk->crash();
    }
  }
  Task<Result<void>> restart() {
    co_await crash();
    co_await open_slots();
    co_return co_await take_over();
  }

  // Appends records up to number `last`, each of which tells its number.
  Task<Result<void>> append_until(std::uint64_t last, std::size_t size = 100) {
    while (log->next_sequence() <= last) log->submit(record_of(log->next_sequence(), size));
    co_return co_await log->wait_for(last);
  }

  // What a replay finds: all from `from` to what `last` says, or more, and each right.
  Task<Result<std::uint64_t>> replay(std::uint64_t from, std::size_t size = 100) {
    std::uint64_t next = from;
    CO_TRY(co_await log->replay(from, [&](std::uint64_t sequence, ByteView record) {
      return visit(next, sequence, record, size);
    }));
    co_return next - 1;
  }
  static Task<Result<void>> visit(std::uint64_t& next, std::uint64_t sequence, ByteView record,
                                  std::size_t size) {
    EXPECT_EQ(sequence, next++);
    EXPECT_EQ(to_bytes(record), record_of(sequence, size));
    co_return Result<void>();
  }

  RangeRow row() { return decode_range_row(coordination.rows[options.range].value).value(); }

  sim::World& world;
  sim::Random random;
  KeyRing keys;
  RangeLogOptions options;
  SteadyCoordination coordination;
  std::vector<std::unique_ptr<sim::Disk>> disks;
  std::vector<std::unique_ptr<slot::LocalSlot>> slots;
  std::unique_ptr<RangeLog> log;
};

}  // namespace holdfast::vault
