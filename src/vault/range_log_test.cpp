// A range's log on one slot: what one machine with one disk needs of it.
#include "vault/range_log.h"

#include "vault/range_log_fixture_test.h"

namespace holdfast::vault {
namespace {

class RangeLogTest : public testing::Test {
 protected:
  RangeLogTest() {
    world.run(grid.create_slots());
    world.run(grid.take_over()).value();
  }
  void TearDown() override { world.run(grid.stop()); }

  sim::World world;
  Grid grid{world, 1, 0};
};

Task<void> records_survive(Grid& grid) {
  EXPECT_EQ(grid.log->next_sequence(), 1u);
  EXPECT_EQ(grid.log->first_sequence(), 1u);
  EXPECT_EQ((co_await grid.replay(1)).value(), 0u);
  (co_await grid.append_until(1)).value();
  (co_await grid.append_until(300)).value();
  EXPECT_EQ(grid.log->acknowledged(), 300u);
  EXPECT_GT(grid.log->size_bytes(), 300u * 100);
  for (int start = 0; start < 3; ++start) {
    (co_await grid.restart()).value();
    EXPECT_EQ((co_await grid.replay(1)).value(), 300u + 10u * static_cast<unsigned>(start));
    EXPECT_EQ((co_await grid.replay(250)).value(), 300u + 10u * static_cast<unsigned>(start));
    (co_await grid.append_until(310 + 10 * static_cast<unsigned>(start))).value();
    EXPECT_EQ((co_await grid.slots[0]->list_logs()).value().size(), 1u);
  }
}
TEST_F(RangeLogTest, WhatWasAcknowledgedIsReplayedAfterEveryRestart) {
  world.run(records_survive(grid));
}

Task<void> truncate_and_restart(Grid& grid) {
  (co_await grid.append_until(200, 20'000)).value();
  const std::uint64_t before = grid.log->size_bytes();
  (co_await grid.log->truncate(151)).value();
  EXPECT_EQ(grid.log->first_sequence(), 151u);
  EXPECT_LT(grid.log->size_bytes(), before / 3);
  (co_await grid.log->truncate(100)).value();
  EXPECT_EQ(grid.log->first_sequence(), 151u);
  (co_await grid.restart()).value();
  EXPECT_EQ(grid.log->first_sequence(), 151u);
  EXPECT_EQ((co_await grid.replay(151, 20'000)).value(), 200u);
  EXPECT_EQ((co_await grid.replay(150, 20'000)).error().code(), ErrorCode::corrupt);
  // What the log brought along is counted record by record too, about.
  const std::uint64_t brought = grid.log->size_bytes();
  (co_await grid.log->truncate(176)).value();
  EXPECT_LT(grid.log->size_bytes(), brought * 3 / 5);
  EXPECT_GT(grid.log->size_bytes(), brought * 2 / 5);
  (co_await grid.log->truncate(201)).value();
  (co_await grid.restart()).value();
  EXPECT_EQ(grid.log->next_sequence(), 201u);
  EXPECT_EQ(grid.log->first_sequence(), 201u);
  EXPECT_EQ((co_await grid.replay(201, 20'000)).value(), 200u);
  EXPECT_EQ(grid.log->size_bytes(), 0u);
}
TEST_F(RangeLogTest, NumbersRunOnAfterATruncation) {
  world.run(truncate_and_restart(grid));
}

Task<void> stale_owner(Grid& grid) {
  (co_await grid.append_until(5)).value();
  const auto old = std::move(grid.log);
  (co_await grid.take_over()).value();
  (co_await grid.append_until(7)).value();
  const std::uint64_t late = old->submit(record_of(6));
  EXPECT_FALSE(co_await old->wait_for(late));
  EXPECT_FALSE(old->may_serve());
  EXPECT_TRUE(grid.log->may_serve());
  co_await old->close();
  (co_await grid.restart()).value();
  EXPECT_EQ((co_await grid.replay(1)).value(), 7u);
}
TEST_F(RangeLogTest, AnOwnerWhoseTimeIsOverLearnsOfItAndLeavesNoTrace) {
  world.run(stale_owner(grid));
}

Task<void> lost_slot(Grid& grid, bool is_made_anew) {
  (co_await grid.append_until(5)).value();
  co_await grid.stop();
  grid.disks[0] = std::make_unique<sim::Disk>(99);
  if (is_made_anew) {
    co_await grid.create_slot(0);
    EXPECT_EQ((co_await grid.take_over()).error().code(), ErrorCode::unavailable);
  }
}
TEST_F(RangeLogTest, ASlotMadeAnewDoesNotPassForTheOldOne) {
  world.run(lost_slot(grid, true));
}

Task<void> rot(Grid& grid) {
  (co_await grid.append_until(5)).value();
  (co_await grid.append_until(10)).value();
  (co_await grid.append_until(15)).value();
  co_await grid.stop();
  for (const std::string& name : grid.disks[0]->file_names()) {
    if (!name.ends_with(".log")) continue;
    grid.disks[0]->flip_bit(name, 8 * (2 * 4096 + 300));
  }
  co_await grid.open_slots();
  const auto taken = co_await grid.take_over();
  EXPECT_TRUE(!taken && taken.error().code() == ErrorCode::corrupt);
}
TEST_F(RangeLogTest, ALogWithRotIsNotTakenOver) {
  world.run(rot(grid));
}

Task<void> secret(Grid& grid) {
  const std::string text = "a text that nobody else should read";
  grid.log->submit(to_bytes(as_bytes(text)));
  (co_await grid.log->wait_for(1)).value();
  for (const std::string& name : grid.disks[0]->file_names()) {
    const auto content = co_await env::read_file(*grid.disks[0], name, 64 * mib);
    if (content) EXPECT_FALSE(as_text(*content).contains("nobody else")) << name;
  }
}
TEST_F(RangeLogTest, SlotsSeeNothingOfARecord) {
  world.run(secret(grid));
}

Task<void> failing_disk(Grid& grid) {
  (co_await grid.append_until(5)).value();
  grid.disks[0]->set_faults([](sim::Disk::Operation operation, const std::string&) {
    return operation == sim::Disk::Operation::sync || operation == sim::Disk::Operation::write;
  });
  EXPECT_EQ((co_await grid.append_until(9)).error().code(), ErrorCode::io);
  EXPECT_FALSE(grid.log->may_serve());
  grid.disks[0]->set_faults(nullptr);
  EXPECT_EQ((co_await grid.append_until(10)).error().code(), ErrorCode::io);
  (co_await grid.restart()).value();
  EXPECT_GE((co_await grid.replay(1)).value(), 5u);
}
TEST_F(RangeLogTest, AfterAFailedSyncTheOwnersTimeIsOver) {
  world.run(failing_disk(grid));
}

Task<void> full_disk(Grid& grid, sim::World& world) {
  constexpr std::size_t size = 20'000;
  grid.disks[0]->set_capacity(6 * mib);
  std::uint64_t last = 0;
  while (!grid.log->is_short_of_room()) {
    (co_await grid.append_until(++last, size)).value();
    co_await world.sleep_until(world.now() + std::chrono::seconds(2));
  }
  // There is room for some deletes yet, and then for a checkpoint to free more.
  (co_await grid.append_until(last + 10, size)).value();
  (co_await grid.log->truncate(last)).value();
  co_await world.sleep_until(world.now() + std::chrono::seconds(2));
  static_cast<void>(grid.log->is_short_of_room());
  co_await world.sleep_until(world.now() + std::chrono::seconds(2));
  EXPECT_FALSE(grid.log->is_short_of_room());
  while (co_await grid.append_until(grid.log->next_sequence(), size)) {
  }
  EXPECT_EQ((co_await grid.append_until(grid.log->next_sequence(), size)).error().code(),
            ErrorCode::full);
}
TEST_F(RangeLogTest, AFullDiskIsSeenInTimeToDelete) {
  world.run(full_disk(grid, world));
}

// The power goes at operation `count` while records are appended and forgotten; then once more
// while the log is taken over.
Task<void> power_cuts(Grid& grid, std::uint64_t count, bool& has_ended) {
  constexpr std::size_t size = 10'000;
  co_await grid.create_slots();
  (co_await grid.take_over()).value();
  grid.disks[0]->fail_after(count);
  std::uint64_t acknowledged = 0;
  for (std::uint64_t last = 20; last <= 120; last += 20) {
    if (!co_await grid.append_until(last, size)) break;
    acknowledged = last;
    if (last == 80) static_cast<void>(co_await grid.log->truncate(41));
  }
  co_await grid.crash();
  co_await grid.open_slots();

  grid.disks[0]->fail_after(count / 3);
  static_cast<void>(co_await grid.take_over());
  has_ended = acknowledged == 120 && !grid.disks[0]->has_failed();
  (co_await grid.restart()).value();
  const std::uint64_t first = grid.log->first_sequence();
  EXPECT_LE(first, 41u);
  EXPECT_GE((co_await grid.replay(first, size)).value(), acknowledged);
  (co_await grid.append_until(grid.log->next_sequence() + 5, size)).value();
  EXPECT_EQ((co_await grid.slots[0]->list_logs()).value().size(), 1u);
  co_await grid.stop();
}

TEST(RangeLogCrashTest, APowerCutAtAnyPointLosesNothingAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 1; ++seed) {
    bool has_ended = false;
    for (std::uint64_t count = 0; !has_ended; ++count) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", operation " << count);
      sim::World world;
      Grid grid(world, 1, 0, seed);
      world.run(power_cuts(grid, count, has_ended));
    }
  }
}

}  // namespace
}  // namespace holdfast::vault
