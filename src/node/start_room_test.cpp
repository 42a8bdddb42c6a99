// What is kept back for a start on disks with and without room.
#include "node/start_room.h"

#include "sim/disk.h"
#include "sim/world.h"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

class StartRoomTest : public testing::Test {
 protected:
  std::uint64_t free() { return world.run(disk.space()).value().free; }
  std::uint64_t size() {
    const auto file = world.run(disk.open("ballast", {}));
    return file ? world.run((*file)->size()).value() : 0;
  }
  // Others leave just `bytes` of the disk.
  void leave(std::uint64_t bytes) {
    static_cast<void>(world.run(disk.remove("others")));
    const auto others = world.run(disk.open("others", {.write = true, .create = true})).value();
    world.run(others->preallocate(free() - bytes)).value();
  }

  sim::World world;
  sim::Disk disk{1, {.capacity = 1 * gib}};
  StartRoom room{disk};
};

TEST_F(StartRoomTest, IsLaidWhereThereIsRoom) {
  world.run(room.make_room());
  EXPECT_EQ(size(), StartRoom::bytes_max);
  EXPECT_EQ(free(), 1 * gib - StartRoom::bytes_max);
  world.run(room.keep());
  EXPECT_EQ(size(), StartRoom::bytes_max);
}

TEST_F(StartRoomTest, IsGivenUpByAStartOnAFullDiskAndLaidOfWhatIsLeft) {
  world.run(room.make_room());
  leave(0);
  StartRoom next(disk);  // The next start's.
  world.run(next.make_room());
  EXPECT_EQ(size(), 0u);
  EXPECT_EQ(free(), StartRoom::bytes_max);

  leave(8 * mib);
  world.run(next.keep());
  EXPECT_EQ(size(), 6 * mib);
  EXPECT_EQ(next.bytes(), size());
  leave(0);
  StartRoom last(disk);
  world.run(last.make_room());
  EXPECT_EQ(free(), 6 * mib);
}

TEST_F(StartRoomTest, GrowsWhenThereIsRoomAgain) {
  leave(8 * mib);
  world.run(room.make_room());
  EXPECT_EQ(size(), 0u);
  world.run(room.keep());
  world.run(room.keep());
  EXPECT_EQ(size(), 6 * mib);
  leave(100 * mib);
  world.run(room.keep());
  EXPECT_EQ(size(), StartRoom::bytes_max);
}

TEST_F(StartRoomTest, IsNotLaidWhereItWouldTakeTheLast) {
  leave(1 * mib);
  world.run(room.make_room());
  world.run(room.keep());
  EXPECT_EQ(size(), 0u);
  EXPECT_EQ(free(), 1 * mib);
}

}  // namespace
}  // namespace holdfast::node
