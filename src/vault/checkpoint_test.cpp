// Copies of the tables in segments: what they bring back, what a crash on the way leaves, and that
// they do not pile up.
#include "vault/vault_machine_test.h"

namespace holdfast::vault {
namespace {

using Contents = std::map<std::string, Bytes>;

Task<void> put_some(Machine& machine, Contents& contents, std::string prefix, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string name = prefix + std::to_string(i);
    contents[name] = random_bytes(machine.random, 1 + machine.random.draw_number() % (200 * kib));
    const auto done = co_await put(machine, name, contents[name]);
    EXPECT_TRUE(done) << done.error().context();
  }
}

Task<void> check_contents(Machine& machine, const Contents& contents) {
  for (const auto& [name, bytes] : contents) {
    const auto found = co_await get(machine, name);
    EXPECT_TRUE(found) << name << ": " << found.error().context();
    EXPECT_TRUE(found && *found == bytes) << name;
  }
}

void restart(Machine& machine, bool with_tables) {
  machine.crash();
  if (!with_tables) machine.world.run(lose_tables(machine));
  start_process(machine);
}

void checkpoint(Machine& machine) {
  const auto done = machine.world.run(machine.vault->checkpoint());
  EXPECT_TRUE(done) << done.error().context();
}

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { start_process(machine); }

  void put(const std::string& prefix, int count) {
    machine.world.run(put_some(machine, contents, prefix, count));
  }
  void expect_contents() { machine.world.run(check_contents(machine, contents)); }

  Machine machine{1};
  Contents contents;
};

TEST_F(CheckpointTest, TablesComeBackFromTheNewestCopyAndTheLog) {
  put("a", 20);
  checkpoint(machine);
  put("b", 20);
  checkpoint(machine);
  EXPECT_GT(machine.log.first, 1u);
  put("c", 5);
  restart(machine, false);
  expect_contents();
  put("d", 5);
  restart(machine, false);
  expect_contents();
  checkpoint(machine);
  machine.world.run(check_nothing_leaks(machine));
}

TEST_F(CheckpointTest, RestMakesTheLogShort) {
  put("a", 18);  // Some 1.8 MiB: more than a log at rest may have, too little for a checkpoint.
  EXPECT_EQ(machine.log.first, 1u);
  const std::size_t records = machine.log.records.size();
  EXPECT_TRUE(machine.world.run(machine.vault->rest()));
  EXPECT_GT(machine.log.first, records / 2);
  restart(machine, false);
  expect_contents();
  machine.world.run(check_nothing_leaks(machine));
}

TEST_F(CheckpointTest, TheOlderCopyHelpsWhereTheNewestIsDamaged) {
  put("a", 20);
  checkpoint(machine);
  put("b", 20);
  checkpoint(machine);
  const auto row =
      machine.world.run(machine.vault->table().get(meta_family, std::string(checkpoint_key)))
          .value();
  const auto before =
      machine.world.run(machine.vault->table().get(meta_family, std::string(checkpoint_before_key)))
          .value();
  const Checkpoint newest = decode_checkpoint(*row).value();
  const Checkpoint older = decode_checkpoint(*before).value();
  int damaged = 0;
  for (const auto& [number, segment] : newest.segments) {
    if (older.segments.contains(number)) continue;
    for (const std::string& name : machine.disk.file_names()) {
      if (name.find(to_string(segment.id)) == std::string::npos) continue;
      machine.disk.flip_bit(name, 8 * 1000);
      ++damaged;
    }
  }
  EXPECT_GT(damaged, 0);
  restart(machine, false);
  expect_contents();
  checkpoint(machine);
  put("c", 5);
  restart(machine, false);
  expect_contents();
  checkpoint(machine);
  machine.world.run(check_nothing_leaks(machine));
}

TEST_F(CheckpointTest, WithoutAnyCopyTheLogIsStillWhole) {
  put("a", 30);
  restart(machine, false);
  expect_contents();
  EXPECT_EQ(machine.log.first, 1u);
}

TEST_F(CheckpointTest, CopiesDoNotPileUp) {
  std::uint64_t stored = 0;
  for (int round = 0; round < 12; ++round) {
    contents.clear();
    put("a", 5);
    checkpoint(machine);
    NamedChunks live(machine.vault->table());
    EXPECT_TRUE(machine.world.run(machine.vault->collect(live)));
    const auto usage = machine.world.run(machine.slot->usage()).value();
    if (round == 3) stored = usage.shards;
    if (round > 3) EXPECT_LE(usage.shards, stored + 8 * mib) << round;
  }
  checkpoint(machine);
  machine.world.run(check_nothing_leaks(machine));
}

TEST_F(CheckpointTest, AFullDiskGoesOnWithoutACopyAndMakesOneLater) {
  put("a", 20);
  checkpoint(machine);
  machine.disk.set_capacity(mib);
  EXPECT_FALSE(machine.world.run(machine.vault->checkpoint()));
  machine.disk.set_capacity(std::uint64_t{4} * gib);
  put("b", 5);
  checkpoint(machine);
  machine.world.run(check_nothing_leaks(machine));
  restart(machine, false);
  expect_contents();
}

Task<void> put_rows(Machine& machine, int count) {
  for (int i = 0; i < count; ++i) {
    Record record;
    record.put(names, "row" + std::to_string(i % 10), std::string(100 * kib, 'x'));
    const auto done = co_await machine.vault->commit(std::move(record));
    EXPECT_TRUE(done) << done.error().context();
  }
}

Task<void> remove_rows(Machine& machine) {
  for (int i = 0; i < 10; ++i) {
    const auto done = co_await remove(machine, "row" + std::to_string(i));
    EXPECT_TRUE(done) << done.error().context();
  }
}

TEST_F(CheckpointTest, AFullDiskTakesChangesForAsLongAsItIsFull) {
  put("a", 5);
  checkpoint(machine);
  // Room for small files, but for no segment.
  const auto space = machine.world.run(machine.disk.space()).value();
  machine.disk.set_capacity(space.size - space.free + 3 * mib);
  machine.world.run(put_rows(machine, 400));  // Of more than the log may have.
  std::size_t kept = 0;
  for (const Bytes& record : machine.log.records) kept += record.size();
  EXPECT_LE(kept, 18 * mib);
  restart(machine, true);
  expect_contents();

  machine.disk.set_capacity(std::uint64_t{4} * gib);
  checkpoint(machine);
  machine.world.run(remove_rows(machine));
  restart(machine, false);
  expect_contents();
}

// The power cut at each operation of a checkpoint in turn, with the tables lost or not.
TEST(CheckpointCrashTest, NothingIsLostAndNothingLeaksWhereverItIsCutOff) {
  for (const bool with_tables : {true, false}) {
    bool has_ended = false;
    for (std::uint64_t count = 0; !has_ended && !testing::Test::HasFailure(); ++count) {
      SCOPED_TRACE(testing::Message() << "operation " << count << ", tables " << with_tables);
      Machine machine(count + 1);
      Contents contents;
      start_process(machine);
      machine.world.run(put_some(machine, contents, "a", 6));
      checkpoint(machine);
      machine.world.run(put_some(machine, contents, "b", 6));
      machine.disk.fail_after(count);
      has_ended =
          machine.world.run(machine.vault->checkpoint()).has_value() && !machine.disk.has_failed();
      restart(machine, with_tables);
      machine.world.run(check_contents(machine, contents));
      checkpoint(machine);
      machine.world.run(check_nothing_leaks(machine));
    }
  }
}

}  // namespace
}  // namespace holdfast::vault
