// A vault against a model: what was acknowledged is there after any crash, and collection takes
// only what nothing names.
#include "vault/vault_machine_test.h"

#include <fmt/format.h>

namespace holdfast::vault {
namespace {

using namespace std::chrono_literals;

// What each name may have: more than one answer while a change is under way.
using Model = std::map<std::string, std::vector<std::optional<Bytes>>>;

Bytes draw_content(sim::Random& random) {
  const auto kind = random.draw_number() % 20;
  const std::size_t size = kind == 0   ? 5 * mib + random.draw_number() % mib
                           : kind < 5  ? random.draw_number() % (600 * kib)
                           : kind < 10 ? random.draw_number() % (20 * kib)
                                       : random.draw_number() % 600;
  // A third compresses, and repeats what others have.
  if (kind % 3 == 0) return Bytes(size, static_cast<std::byte>(random.draw_number() % 4));
  return random_bytes(random, size);
}

Task<void> work(Machine& machine, Model& model, sim::Random& random, int worker) {
  for (;;) {
    const std::string name =
        std::to_string(worker) + "/" + std::to_string(random.draw_number() % 6);
    auto& allowed = model.try_emplace(name, 1).first->second;
    const auto dice = random.draw_number() % 10;
    if (dice < 5) {
      const Bytes bytes = draw_content(random);
      allowed.push_back(bytes);
      const auto done = co_await put(machine, name, bytes);
      EXPECT_TRUE(done) << done.error().context();
      allowed = {bytes};
    } else if (dice < 7) {
      allowed.push_back(std::nullopt);
      const auto done = co_await remove(machine, name);
      EXPECT_TRUE(done) << done.error().context();
      allowed = {std::nullopt};
    } else {
      const auto found = co_await get(machine, name);
      EXPECT_TRUE(found) << found.error().context();
      EXPECT_TRUE(found && *found == allowed.front()) << name;
    }
    co_await machine.world.sleep_until(machine.world.now() + 100us);
  }
}

Task<void> collect_often(Machine& machine) {
  NamedChunks live(machine.vault->table());
  for (;;) {
    const auto freed = co_await machine.vault->collect(live);
    EXPECT_TRUE(freed) << freed.error().context();
    co_await machine.world.sleep_until(machine.world.now() + 20ms);
  }
}

Task<void> checkpoint_often(Machine& machine) {
  for (;;) {
    const auto done = co_await machine.vault->checkpoint();
    EXPECT_TRUE(done) << done.error().context();
    co_await machine.world.sleep_until(machine.world.now() + 35ms);
  }
}

Task<void> check_all(Machine& machine, Model& model) {
  for (auto& [name, allowed] : model) {
    const auto found = co_await get(machine, name);
    EXPECT_TRUE(found) << name << ": " << found.error().context();
    if (!found) continue;
    EXPECT_NE(std::ranges::find(allowed, *found), allowed.end()) << name;
    allowed = {*found};
  }
}

Task<void> sleep(Machine& machine, Duration span) {
  return machine.world.sleep_until(machine.world.now() + span);
}

void run_history(std::uint64_t seed, int lives) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Machine machine(seed);
  Model model;
  std::vector<std::unique_ptr<sim::Random>> randoms;
  for (int life = 0; life < lives && !testing::Test::HasFailure(); ++life) {
    start_process(machine);
    machine.world.run(check_all(machine, model));
    for (int worker = 0; worker < 3; ++worker) {
      randoms.push_back(std::make_unique<sim::Random>(machine.random.draw_number()));
      machine.process->spawn(work(machine, model, *randoms.back(), worker));
    }
    machine.process->spawn(collect_often(machine));
    machine.process->spawn(checkpoint_often(machine));
    machine.world.run(sleep(machine, 1us * (machine.random.draw_number() % 200'000)));
    machine.crash();
    if (machine.random.chance(0.4)) machine.world.run(lose_tables(machine));
  }
  start_process(machine);
  machine.world.run(check_all(machine, model));
  EXPECT_TRUE(machine.world.run(machine.vault->checkpoint()));
  machine.world.run(check_nothing_leaks(machine));
}

TEST(LocalVaultTest, WhatWasAcknowledgedSurvivesEveryCrash) {
  for (const std::uint64_t seed : sim::seeds(12)) {
    if (!HasFailure()) run_history(seed, 6);
  }
}

Task<void> store_twice(Machine& machine) {
  const Bytes bytes = random_bytes(machine.random, 3 * mib);
  EXPECT_TRUE(co_await put(machine, "a", bytes));
  const auto once = (co_await machine.vault->usage()).value();
  EXPECT_TRUE(co_await put(machine, "b", bytes));
  const auto twice = (co_await machine.vault->usage()).value();
  EXPECT_EQ(once.unique_bytes, bytes.size());
  EXPECT_EQ(twice.unique_bytes, bytes.size());
  EXPECT_EQ((co_await get(machine, "b")).value(), bytes);
}

TEST(LocalVaultTest, EqualContentIsStoredOnce) {
  Machine machine(1);
  start_process(machine);
  machine.world.run(store_twice(machine));
  machine.world.run(machine.vault->close());
}

Task<void> damage_and_heal(Machine& machine) {
  const Bytes bytes = random_bytes(machine.random, 5 * mib);
  EXPECT_TRUE(co_await put(machine, "a", bytes));
  for (const std::string& name : machine.disk.file_names()) {
    if (name.find("shard") != std::string::npos) machine.disk.flip_bit(name, 8 * mib);
  }
  const auto damaged = co_await get(machine, "a");
  EXPECT_FALSE(damaged);
  if (damaged) co_return;
  EXPECT_EQ(damaged.error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(damaged.error().context().starts_with("a at ")) << damaged.error().context();

  EXPECT_TRUE(co_await put(machine, "b", bytes));
  EXPECT_EQ((co_await get(machine, "a")).value(), bytes);
  EXPECT_EQ((co_await machine.vault->usage()).value().unique_bytes, bytes.size());
}

TEST(LocalVaultTest, ADamagedChunkIsAnErrorUntilItIsStoredAgain) {
  Machine machine(1);
  start_process(machine);
  machine.world.run(damage_and_heal(machine));
  machine.world.run(machine.vault->close());
}

Task<void> fill_and_empty(Machine& machine) {
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(co_await put(machine, std::to_string(i), random_bytes(machine.random, 6 * mib)));
  }
  for (int i = 0; i < 12; ++i) {
    if (i % 4 != 0) EXPECT_TRUE(co_await remove(machine, std::to_string(i)));
  }
  const auto full = (co_await machine.vault->usage()).value();
  NamedChunks live(machine.vault->table());
  for (int cycle = 0; cycle < 2; ++cycle) {
    const auto freed = co_await machine.vault->collect(live);
    EXPECT_TRUE(freed) << freed.error().context();
  }
  const auto emptied = (co_await machine.vault->usage()).value();
  EXPECT_EQ(emptied.unique_bytes, 3 * 6 * mib);
  EXPECT_LT(emptied.stored_bytes, full.stored_bytes / 2);
  for (int i = 0; i < 12; i += 4) {
    EXPECT_EQ((co_await get(machine, std::to_string(i))).value()->size(), 6 * mib);
  }
}

TEST(LocalVaultTest, RoomOfRemovedContentComesBack) {
  Machine machine(1);
  start_process(machine);
  machine.world.run(fill_and_empty(machine));
  machine.world.run(machine.vault->close());
}

// Half of each segment is removed from a disk that takes nothing any more.
Task<void> fill_and_thin_out(Machine& machine) {
  for (int i = 0; i < 120; ++i) {
    EXPECT_TRUE(co_await put(machine, std::to_string(i), random_bytes(machine.random, mib)));
  }
  const auto space = (co_await machine.disk.space()).value();
  machine.disk.set_capacity(space.size - space.free + 120 * mib);
  int more = 0;
  Result<void> taken;
  while (taken && more < 60) {
    taken =
        co_await put(machine, fmt::format("more {}", more++), random_bytes(machine.random, mib));
  }
  EXPECT_FALSE(taken);
  if (taken) co_return;
  EXPECT_EQ(taken.error().code(), ErrorCode::full);

  for (int i = 0; i < 120; ++i) {
    if (i % 5 != 0 && i % 2 == 0) EXPECT_TRUE(co_await remove(machine, std::to_string(i)));
  }
  NamedChunks live(machine.vault->table());
  for (int cycle = 0; cycle < 8 && machine.vault->is_read_only(); ++cycle) {
    const auto freed = co_await machine.vault->collect(live);
    EXPECT_TRUE(freed) << freed.error().context();
  }
  EXPECT_FALSE(machine.vault->is_read_only());
  EXPECT_TRUE(co_await put(machine, "new", random_bytes(machine.random, mib)));
  for (int i = 0; i < 120; i += 5) {
    EXPECT_TRUE(co_await get(machine, std::to_string(i))) << i;
  }
}

TEST(LocalVaultTest, RoomComesBackOnADiskThatIsFull) {
  Machine machine(1);
  start_process(machine);
  machine.world.run(fill_and_thin_out(machine));
  machine.world.run(machine.vault->close());
}

std::vector<std::string> shards_of(Machine& machine) {
  std::vector<std::string> shards;
  for (const std::string& name : machine.disk.file_names()) {
    if (name.ends_with(".shard")) shards.push_back(name);
  }
  std::ranges::sort(shards);
  return shards;
}

// The segments of the first half are damaged: the others are compacted nevertheless.
Task<void> compact_around_damage(Machine& machine) {
  std::vector<std::string> early;
  for (int i = 0; i < 120; ++i) {
    EXPECT_TRUE(co_await put(machine, std::to_string(i), random_bytes(machine.random, mib)));
    if (i == 60) early = shards_of(machine);
  }
  for (int i = 0; i < 120; ++i) {
    if (i % 4 != 0) EXPECT_TRUE(co_await remove(machine, std::to_string(i)));
  }
  const auto full = shards_of(machine);
  std::erase_if(early, [&](const auto& name) { return !std::ranges::binary_search(full, name); });
  EXPECT_FALSE(early.empty());
  for (const std::string& name : early) {
    for (std::uint64_t at = 0; at < 3 * mib; at += 16 * kib) {
      machine.disk.flip_bit(name, 8 * at);
    }
  }
  NamedChunks live(machine.vault->table());
  for (int cycle = 0; cycle < 2; ++cycle) {
    const auto freed = co_await machine.vault->collect(live);
    EXPECT_TRUE(freed) << freed.error().context();
  }
  EXPECT_LT(shards_of(machine).size(), full.size());
  for (int i = 72; i < 120; i += 4) {
    EXPECT_TRUE(co_await get(machine, std::to_string(i))) << i;
  }
}

TEST(LocalVaultTest, ADamagedSegmentKeepsNoOtherFromBeingCompacted) {
  Machine machine(1);
  start_process(machine);
  machine.world.run(compact_around_damage(machine));
  machine.world.run(machine.vault->close());
}

}  // namespace
}  // namespace holdfast::vault
