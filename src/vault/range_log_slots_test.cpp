// A range's log over several slots that fail, vanish and come back.
#include "vault/range_log_fixture_test.h"

#include <algorithm>

namespace holdfast::vault {
namespace {

class RangeLogSlotsTest : public testing::Test {
 protected:
  void set_up(std::size_t slot_count, unsigned losses_max) {
    grid = std::make_unique<Grid>(world, slot_count, losses_max);
    world.run(grid->create_slots());
    world.run(grid->take_over()).value();
  }
  void TearDown() override { world.run(grid->stop()); }

  sim::World world;
  std::unique_ptr<Grid> grid;
};

void expect_numbers(const RangeRow& row, std::size_t e, unsigned a, unsigned f) {
  EXPECT_EQ(row.generation->members.size(), e);
  EXPECT_EQ(row.generation->acknowledgements, a);
  EXPECT_EQ(row.generation->fences, f);
}

TEST_F(RangeLogSlotsTest, NumbersFollowFromSlotsAndLosses) {
  set_up(3, 1);
  expect_numbers(grid->row(), 3, 2, 2);
  world.run(grid->stop());
  set_up(2, 1);
  expect_numbers(grid->row(), 2, 2, 1);
  world.run(grid->stop());
  set_up(5, 1);
  expect_numbers(grid->row(), 3, 2, 2);
  world.run(grid->stop());
  set_up(4, 2);
  expect_numbers(grid->row(), 4, 3, 2);
  world.run(grid->stop());
  set_up(3, 0);
  expect_numbers(grid->row(), 1, 1, 1);
}

Task<void> lose_one(Grid& grid, std::size_t which) {
  (co_await grid.append_until(50)).value();
  co_await grid.crash();
  co_await grid.open_slots();
  co_await grid.slots[which]->close();
  grid.slots[which].reset();
  (co_await grid.take_over()).value();
  EXPECT_EQ((co_await grid.replay(1)).value(), 50u);
  (co_await grid.append_until(60)).value();

  // It comes back, with a log that ended long ago.
  (co_await grid.restart()).value();
  EXPECT_EQ((co_await grid.replay(1)).value(), 60u);
  for (const auto& slot : grid.slots) {
    EXPECT_EQ((co_await slot->list_logs()).value().size(), 1u);
  }
}
TEST_F(RangeLogSlotsTest, AnyOneSlotMayBeAbsent) {
  for (std::size_t which = 0; which < 3; ++which) {
    set_up(3, 1);
    world.run(lose_one(*grid, which));
    world.run(grid->stop());
  }
}

Task<void> lose_two(Grid& grid) {
  (co_await grid.append_until(50)).value();
  co_await grid.crash();
  co_await grid.open_slots();
  for (const std::size_t which : {std::size_t{0}, std::size_t{2}}) {
    co_await grid.slots[which]->close();
    grid.slots[which].reset();
  }
  EXPECT_EQ((co_await grid.take_over()).error().code(), ErrorCode::unavailable);
  co_await grid.open_slots();
  (co_await grid.take_over()).value();
  EXPECT_EQ((co_await grid.replay(1)).value(), 50u);
}
TEST_F(RangeLogSlotsTest, WithTooFewSlotsNobodyTakesOver) {
  set_up(3, 1);
  world.run(lose_two(*grid));
}

Task<void> make_anew(Grid& grid) {
  (co_await grid.append_until(50)).value();
  for (std::size_t which = 0; which < 3; ++which) {
    co_await grid.stop();
    grid.disks[which] = std::make_unique<sim::Disk>(1000 + which);
    co_await grid.create_slot(which);
    co_await grid.open_slots();
    (co_await grid.take_over()).value();
    EXPECT_EQ((co_await grid.replay(1)).value(), 50u);
    expect_numbers(grid.row(), 3, 2, 2);
  }
}
TEST_F(RangeLogSlotsTest, ReplacingOneSlotAfterTheOtherKeepsTheLog) {
  set_up(3, 1);
  world.run(make_anew(*grid));
}

Task<void> fail_while_writing(Grid& grid, std::size_t which) {
  (co_await grid.append_until(20)).value();
  grid.disks[which]->set_faults([](sim::Disk::Operation operation, const std::string&) {
    return operation != sim::Disk::Operation::read;
  });
  (co_await grid.append_until(40)).value();
  co_await grid.world.sleep_until(grid.world.now() + std::chrono::seconds(1));
  (co_await grid.append_until(60)).value();
  EXPECT_TRUE(grid.log->may_serve());
  const RangeRow row = grid.row();
  // What is left of three is two, of two it is one.
  expect_numbers(row, grid.slots.size() - 1, grid.slots.size() == 3 ? 2 : 1, 1);
  for (const Generation::Member& member : row.generation->members) {
    EXPECT_NE(member.slot, grid.slots[which]->id());
  }
  (co_await grid.log->truncate(31)).value();
  (co_await grid.restart()).value();
  EXPECT_EQ(grid.log->first_sequence(), 31u);
  EXPECT_EQ((co_await grid.replay(31)).value(), 60u);
}
TEST_F(RangeLogSlotsTest, ASlotThatFailsIsReplacedByAGenerationWithoutIt) {
  for (std::size_t which = 0; which < 3; ++which) {
    set_up(3, 1);
    world.run(fail_while_writing(*grid, which));
    world.run(grid->stop());
  }
}
TEST_F(RangeLogSlotsTest, OneOfTwoSlotsGoesOnAlone) {
  for (std::size_t which = 0; which < 2; ++which) {
    set_up(2, 1);
    world.run(fail_while_writing(*grid, which));
    world.run(grid->stop());
  }
}

Task<void> rot_on_one(Grid& grid) {
  (co_await grid.append_until(20)).value();
  (co_await grid.append_until(40)).value();
  (co_await grid.append_until(60)).value();
  co_await grid.stop();
  for (const std::string& name : grid.disks[1]->file_names()) {
    if (name.ends_with(".log")) grid.disks[1]->flip_bit(name, 8 * (2 * 4096 + 300));
  }
  co_await grid.open_slots();
  (co_await grid.take_over()).value();
  EXPECT_EQ((co_await grid.replay(1)).value(), 60u);
  expect_numbers(grid.row(), 3, 2, 2);
}
TEST_F(RangeLogSlotsTest, RotOnOneSlotIsMendedFromTheOthers) {
  set_up(3, 1);
  world.run(rot_on_one(*grid));
}

// Random trouble, one slot at a time, for as long as it pleases; what was acknowledged is there
// after each start.
Task<void> live_with_trouble(Grid& grid, int step_count) {
  constexpr std::size_t size = 3'000;
  sim::Random& random = grid.random;
  co_await grid.create_slots();
  (co_await grid.take_over()).value();
  std::uint64_t acknowledged = 0;
  for (int step = 0; step < step_count; ++step) {
    const auto victim = static_cast<std::size_t>(random.below(grid.disks.size()));
    switch (random.below(6)) {
      case 0:
        grid.disks[victim]->fail_after(random.below(30));
        break;
      case 1:
        if (acknowledged > 20) static_cast<void>(co_await grid.log->truncate(acknowledged - 10));
        break;
      case 2: {
        co_await grid.crash();
        co_await grid.open_slots();
        if (random.chance(0.3)) {
          co_await grid.slots[victim]->close();
          grid.slots[victim].reset();
        } else if (random.chance(0.3)) {
          co_await grid.slots[victim]->close();
          grid.slots[victim].reset();
          grid.disks[victim] = std::make_unique<sim::Disk>(random.next());
          co_await grid.create_slot(victim);
        } else if (random.chance(0.5)) {
          grid.disks[victim]->fail_after(random.below(60));
        }
        if (!co_await grid.take_over()) {
          // Nothing but the power cut above keeps a take-over from its end.
          EXPECT_TRUE(grid.disks[victim]->has_failed());
          (co_await grid.restart()).value();
        }
        const std::uint64_t first = grid.log->first_sequence();
        EXPECT_LE(first, acknowledged + 1);
        EXPECT_GE((co_await grid.replay(first, size)).value(), acknowledged);
        EXPECT_GE(grid.log->acknowledged(), acknowledged);
        acknowledged = grid.log->acknowledged();
        break;
      }
      default: {
        const std::uint64_t last = grid.log->next_sequence() + random.below(10);
        if (co_await grid.append_until(last, size)) {
          acknowledged = last;
        } else {
          (co_await grid.restart()).value();
          acknowledged = std::max(acknowledged, grid.log->acknowledged());
        }
      }
    }
  }
  co_await grid.stop();
}

TEST(RangeLogTroubleTest, NothingAcknowledgedIsLostWithOneSlotInTrouble) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    sim::World world(seed);
    Grid grid(world, 3, 1, seed);
    world.run(live_with_trouble(grid, 40));
  }
}

}  // namespace
}  // namespace holdfast::vault
