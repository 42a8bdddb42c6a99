#include "env/ballast.h"

#include "sim/disk.h"
#include "sim/world.h"

#include <gtest/gtest.h>

namespace holdfast::env {
namespace {

class BallastTest : public testing::Test {
 protected:
  std::uint64_t free() { return world.run(disk.space()).value().free; }
  bool is_there() { return world.run(disk.open("ballast", {})).has_value(); }
  // Others leave just `bytes` of the disk.
  void leave(std::uint64_t bytes) {
    static_cast<void>(world.run(disk.remove("others")));
    const auto others = world.run(disk.open("others", {.write = true, .create = true})).value();
    world.run(others->preallocate(free() - bytes)).value();
  }

  sim::World world;
  sim::Disk disk{1, {.capacity = 64 * mib}};
  Ballast ballast{disk, "ballast"};
};

TEST_F(BallastTest, TakesRoomAndGivesItBack) {
  EXPECT_FALSE(world.run(ballast.give_up()));
  ASSERT_TRUE(world.run(ballast.lay(8 * mib, mib)));
  EXPECT_EQ(ballast.bytes(), 8 * mib);
  EXPECT_EQ(free(), 56 * mib);
  EXPECT_TRUE(world.run(ballast.give_up()));
  EXPECT_EQ(ballast.bytes(), 0U);
  EXPECT_EQ(free(), 64 * mib);
}

TEST_F(BallastTest, IsFoundByTheNextSession) {
  ASSERT_TRUE(world.run(ballast.lay(8 * mib, mib)));
  disk.crash();
  Ballast next(disk, "ballast");
  world.run(next.find());
  EXPECT_EQ(next.bytes(), 8 * mib);
  Ballast other(disk, "other");
  world.run(other.find());
  EXPECT_EQ(other.bytes(), 0U);
}

TEST_F(BallastTest, IsAsLargeAsThereIsRoomForAndGrowsLater) {
  leave(3 * mib);
  ASSERT_TRUE(world.run(ballast.lay(8 * mib, mib)));
  EXPECT_EQ(ballast.bytes(), 2 * mib);
  EXPECT_EQ(free(), mib);
  leave(16 * mib);
  ASSERT_TRUE(world.run(ballast.lay(8 * mib, mib)));
  EXPECT_EQ(ballast.bytes(), 8 * mib);
  EXPECT_EQ(free(), 10 * mib);
}

TEST_F(BallastTest, LeavesNothingBehindWhereThereIsNoRoom) {
  leave(mib - 64 * kib);
  ASSERT_TRUE(world.run(ballast.lay(8 * mib, mib)));
  EXPECT_EQ(ballast.bytes(), 0U);
  EXPECT_FALSE(is_there());
  EXPECT_EQ(free(), mib - 64 * kib);
}

TEST_F(BallastTest, AFailureIsToldAndLeavesNothingBehind) {
  ASSERT_TRUE(world.run(ballast.lay(mib, mib)));
  Ballast elsewhere(disk, "nowhere/ballast");
  EXPECT_EQ(world.run(elsewhere.lay(mib, mib)).error().code(), ErrorCode::not_found);
  EXPECT_EQ(elsewhere.bytes(), 0U);
}

}  // namespace
}  // namespace holdfast::env
