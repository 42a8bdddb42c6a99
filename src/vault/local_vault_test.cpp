// A vault against a model: what was acknowledged is there after any crash, and collection takes
// only what nothing names.
#include "vault/local_vault.h"

#include "sim/disk.h"
#include "sim/seeds.h"
#include "sim/table.h"
#include "sim/workers.h"
#include "sim/world.h"
#include "slot/local_slot.h"
#include "vault/families.h"
#include "vault/memory_log_test.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace holdfast::vault {
namespace {

using namespace std::chrono_literals;

constexpr env::Family names = first_catalog_family;

std::string encode_extents(const std::vector<Extent>& extents) {
  wire::Writer out;
  for (const Extent& extent : extents) {
    out.put_id(extent.chunk);
    out.put_u32(extent.size);
  }
  return std::string(as_text(out.view()));
}

std::vector<Extent> decode_extents(std::string_view row) {
  std::vector<Extent> extents;
  wire::Reader in(as_bytes(row));
  while (!in.is_at_end()) {
    const auto chunk = in.take_id<ChunkId>().value();
    extents.push_back({.chunk = chunk, .size = in.take_u32().value()});
  }
  return extents;
}

// Names rows of the family `names`, as a catalog would.
class NamedChunks final : public LiveChunks {
 public:
  explicit NamedChunks(env::Table& table) : table_(table) {}

  Task<Result<void>> visit(const env::Snapshot& snapshot, Sink sink) override {
    std::vector<ChunkId> ids;
    const auto take = [&ids](std::string_view, std::string_view value) {
      for (const Extent& extent : decode_extents(value)) ids.push_back(extent.chunk);
      return env::Visit::next();
    };
    CO_TRY(co_await table_.scan({.family = names, .from = {}, .until = {}, .snapshot = &snapshot},
                                take));
    co_return co_await sink(std::move(ids));
  }

 private:
  env::Table& table_;
};

// All that outlives the vault, and the vault while it runs.
struct Machine {
  explicit Machine(std::uint64_t drawn)
      : seed(drawn), world(drawn), random(drawn), disk(world), tables(drawn) {}
  ~Machine() { stop_dead(); }

  void stop_dead() {
    if (process) process->kill();
    vault.reset();
    slot.reset();
    process.reset();
  }

  void crash() {
    stop_dead();
    disk.crash();
    log.crash(random);
  }

  std::uint64_t seed;
  sim::World world;
  sim::Random random;
  sim::Disk disk;
  sim::TableStore tables;
  MemoryLogStore log;
  sim::Workers workers;
  KeyRing keys = KeyRing::draw(random);
  bool has_slot = false;

  std::optional<sim::Process> process;
  std::unique_ptr<slot::LocalSlot> slot;
  std::unique_ptr<LocalVault> vault;
};

Task<void> start(Machine& machine) {
  auto slot = machine.has_slot
                  ? co_await slot::LocalSlot::open(machine.disk, "slot", machine.random)
                  : co_await slot::LocalSlot::create(machine.disk, "slot", machine.random);
  machine.slot = std::move(slot).value();
  machine.has_slot = true;
  auto families = vault_families();
  families.push_back({.name = "names"});
  auto vault = co_await LocalVault::open(
      {.executor = machine.process->executor(),
       .slot = *machine.slot,
       .keys = machine.keys,
       .clock = machine.world,
       .random = machine.random,
       .workers = machine.workers,
       .log = std::make_unique<MemoryLog>(machine.log, machine.world),
       .table = sim::Table::open(machine.tables, "table", std::move(families)).value()},
      {.cache_bytes = mib, .checkpoint_log_bytes = 2 * mib, .log_bytes_max = 16 * mib});
  EXPECT_TRUE(vault) << vault.error().context();
  machine.vault = std::move(vault).value();
}

void start_process(Machine& machine) {
  machine.process.emplace(machine.world);
  machine.world.run(start(machine));
}

Bytes random_bytes(sim::Random& random, std::size_t size) {
  Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

Task<Result<void>> put(Machine& machine, std::string name, ByteView bytes) {
  CO_TRY_LET(const auto writer, co_await machine.vault->open_writer(0));
  // In pieces of odd sizes.
  for (ByteView rest = bytes; !rest.empty();) {
    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 300'007));
    CO_TRY(co_await writer->write(piece));
    rest = rest.subspan(piece.size());
  }
  CO_TRY_LET(const Content content, co_await writer->finish());
  Record record;
  record.attach(content);
  record.put(names, name, encode_extents(content.extents));
  CO_TRY(co_await machine.vault->commit(std::move(record)));
  co_return Result<void>();
}

Task<Result<void>> remove(Machine& machine, std::string name) {
  Record record;
  record.remove(names, name);
  CO_TRY(co_await machine.vault->commit(std::move(record)));
  co_return Result<void>();
}

// Nothing where there is no such name.
Task<Result<std::optional<Bytes>>> get(Machine& machine, std::string name) {
  CO_TRY_LET(const auto row, co_await machine.vault->table().get(names, name));
  if (!row) co_return std::nullopt;
  auto extents = decode_extents(*row);
  std::uint64_t size = 0;
  for (const Extent& extent : extents) size += extent.size;
  const auto reader = machine.vault->open_reader(std::move(extents), 0, size, name);
  Bytes bytes;
  for (;;) {
    CO_TRY_LET(const ByteView piece, co_await reader->read());
    if (piece.empty()) co_return bytes;
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
}

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
    machine.world.run(sleep(machine, 1us * (machine.random.draw_number() % 200'000)));
    machine.crash();
  }
  start_process(machine);
  machine.world.run(check_all(machine, model));
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

}  // namespace
}  // namespace holdfast::vault
