#include "sim/disk.h"

#include "env/disk_contract.h"

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;
using env::disk_contract::pattern;

struct InstantDisk {
  World world;
  Disk its_disk{1};
  env::Disk& disk() { return its_disk; }
  void run(Task<void> task) { world.run(std::move(task)); }
};

struct SlowDisk {
  World world;
  Disk its_disk{world, {.latency_min = 10us, .latency_max = 5ms}};
  env::Disk& disk() { return its_disk; }
  void run(Task<void> task) { world.run(std::move(task)); }
};

}  // namespace
}  // namespace holdfast::sim

namespace holdfast::env {
using SimDisks = testing::Types<sim::InstantDisk, sim::SlowDisk>;
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, DiskContract, SimDisks);
}  // namespace holdfast::env

namespace holdfast::sim {
namespace {

class SimDiskTest : public testing::Test {
 protected:
  World world;
};

Task<std::unique_ptr<env::File>> create(Disk& disk, std::string name, ByteView content) {
  auto file = (co_await disk.open(std::move(name), {.write = true, .create = true})).value();
  (co_await file->write(0, content)).value();
  co_return file;
}

Task<void> create_synced(Disk& disk, std::string name, ByteView content) {
  const auto file = co_await create(disk, name, content);
  (co_await file->sync()).value();
  (co_await disk.sync_folder(env::folder_of(name))).value();
}

Task<Result<Bytes>> content_of(Disk& disk, std::string name) {
  return env::read_file(disk, std::move(name), 16 * mib);
}

TEST_F(SimDiskTest, ACrashKeepsWhatWasSynced) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk(seed);
    world.run(create_synced(disk, "file", pattern(20'000, 1)));
    disk.crash();
    EXPECT_EQ(world.run(content_of(disk, "file")).value(), pattern(20'000, 1));
  }
}

Task<void> overwrite(Disk& disk, std::string name, std::uint64_t offset, ByteView content) {
  const auto file = (co_await disk.open(std::move(name), {.write = true})).value();
  (co_await file->write(offset, content)).value();
}

TEST_F(SimDiskTest, ACrashKeepsAnySectorsOfWhatWasNot) {
  const Bytes before = pattern(8192, 1);
  const Bytes after = pattern(8192, 2);
  int untouched = 0;
  int complete = 0;
  int mixed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(seed);
    world.run(create_synced(disk, "file", before));
    world.run(overwrite(disk, "file", 0, after));
    EXPECT_EQ(world.run(content_of(disk, "file")).value(), after);
    disk.crash();
    const Bytes left = world.run(content_of(disk, "file")).value();
    ASSERT_EQ(left.size(), before.size());
    for (std::size_t at = 0; at < left.size(); at += 512) {
      const bool is_old = std::memcmp(&left[at], &before[at], 512) == 0;
      const bool is_new = std::memcmp(&left[at], &after[at], 512) == 0;
      EXPECT_TRUE(is_old || is_new) << "seed " << seed << " at " << at;
    }
    if (left == before) {
      ++untouched;
    } else {
      ++(left == after ? complete : mixed);
    }
  }
  EXPECT_GT(untouched, 10);
  EXPECT_GT(complete, 10);
  EXPECT_GT(mixed, 10);
}

TEST_F(SimDiskTest, ACrashMayBeToldToLoseOrKeepAll) {
  Disk disk(1);
  world.run(create_synced(disk, "file", as_bytes("before")));
  world.run(overwrite(disk, "file", 0, as_bytes("after!")));
  world.run(create(disk, "fresh", as_bytes("x"))).reset();
  disk.crash(Loss::all);
  EXPECT_EQ(as_text(world.run(content_of(disk, "file")).value()), "before");
  EXPECT_EQ(disk.file_names(), std::vector<std::string>{"file"});
  world.run(overwrite(disk, "file", 0, as_bytes("after!")));
  world.run(create(disk, "fresh", as_bytes("x"))).reset();
  disk.crash(Loss::none);
  EXPECT_EQ(as_text(world.run(content_of(disk, "file")).value()), "after!");
  EXPECT_EQ(as_text(world.run(content_of(disk, "fresh")).value()), "x");
}

Task<void> sync_only_the_file(Disk& disk) {
  const auto file = co_await create(disk, "file", as_bytes("content"));
  (co_await file->sync()).value();
}

TEST_F(SimDiskTest, ANameIsNotDurableBeforeItsFolderIsSynced) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(seed);
    world.run(sync_only_the_file(disk));
    disk.crash();
    const auto content = world.run(content_of(disk, "file"));
    lost += content ? 0 : 1;
    if (content) EXPECT_EQ(as_text(*content), "content");
  }
  EXPECT_GT(lost, 10);
  EXPECT_LT(lost, 90);
}

Task<void> rename_unsynced(Disk& disk) {
  (co_await disk.make_folder("folder")).value();
  co_await create_synced(disk, "file", as_bytes("content"));
  (co_await disk.rename("file", "folder/file")).value();
}

TEST_F(SimDiskTest, ARenameHappensWhollyOrNotAtAll) {
  int moved = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(seed);
    world.run(rename_unsynced(disk));
    disk.crash();
    const bool is_new = world.run(content_of(disk, "folder/file")).has_value();
    EXPECT_NE(is_new, world.run(content_of(disk, "file")).has_value()) << seed;
    moved += is_new ? 1 : 0;
  }
  EXPECT_GT(moved, 10);
  EXPECT_LT(moved, 90);
}

Task<Result<void>> replace(Disk& disk, std::string_view text) {
  return env::replace_file(disk, "file", as_bytes(text));
}

TEST_F(SimDiskTest, ReplaceFileSurvivesAPowerCutAtEveryOperation) {
  std::uint64_t cuts = 0;
  for (std::uint64_t count = 0;; ++count) {
    Disk disk(count);
    ASSERT_TRUE(world.run(replace(disk, "before")));
    disk.fail_after(count);
    const bool is_acknowledged = world.run(replace(disk, "after")).has_value();
    EXPECT_EQ(disk.has_failed(), !is_acknowledged);
    disk.crash();
    const Bytes left = world.run(content_of(disk, "file")).value();
    EXPECT_TRUE(as_text(left) == "after" || (!is_acknowledged && as_text(left) == "before"))
        << "cut at operation " << count;
    ASSERT_TRUE(world.run(replace(disk, "again")));
    if (is_acknowledged) break;
    ++cuts;
  }
  EXPECT_EQ(cuts, 6u);
}

TEST_F(SimDiskTest, AFileOpenedBeforeACrashIsDead) {
  Disk disk(1);
  const auto file = world.run(create(disk, "file", as_bytes("x")));
  auto lock = world.run(disk.lock("lock", "the dead")).value();
  disk.crash(Loss::none);
  EXPECT_EQ(world.run(file->sync()).error().code(), ErrorCode::io);
  const auto next = world.run(disk.lock("lock", "the living"));
  ASSERT_TRUE(next);
  lock.reset();
  EXPECT_FALSE(world.run(disk.lock("lock", "a third")));
}

TEST_F(SimDiskTest, AFailedSyncLosesTheContentForGood) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk(seed);
    const auto file = world.run(create(disk, "file", as_bytes("x")));
    ASSERT_TRUE(world.run(disk.sync_folder("")));
    disk.set_faults([](Disk::Operation operation, const std::string& name) {
      return operation == Disk::Operation::sync && name == "file";
    });
    EXPECT_EQ(world.run(file->sync()).error().code(), ErrorCode::io);
    disk.set_faults({});
    ASSERT_TRUE(world.run(file->sync()));
    disk.crash();
    lost += world.run(content_of(disk, "file")).value() == to_bytes(as_bytes("x")) ? 0 : 1;
  }
  EXPECT_GT(lost, 5);
}

TEST_F(SimDiskTest, FillsUpAndEmpties) {
  Disk disk(1, {.capacity = 64 * kib});
  const auto file = world.run(create(disk, "one", pattern(40'000, 1)));
  EXPECT_EQ(world.run(file->write(40'000, pattern(40'000, 2))).error().code(), ErrorCode::full);
  EXPECT_EQ(world.run(file->preallocate(100'000)).error().code(), ErrorCode::full);
  ASSERT_TRUE(world.run(file->preallocate(60'000)));
  ASSERT_TRUE(world.run(file->write(0, pattern(60'000, 2))));
  EXPECT_LT(world.run(disk.space()).value().free, 8 * kib);
  ASSERT_TRUE(world.run(disk.remove("one")));
  EXPECT_EQ(world.run(disk.space()).value().free, 64 * kib);
}

TEST_F(SimDiskTest, RotFlipsOneBit) {
  Disk disk(1);
  world.run(create_synced(disk, "file", pattern(5000, 1)));
  disk.flip_bit("file", 4999 * 8 + 3);
  Bytes expected = pattern(5000, 1);
  expected[4999] ^= std::byte{8};
  disk.crash();
  EXPECT_EQ(world.run(content_of(disk, "file")).value(), expected);
}

}  // namespace
}  // namespace holdfast::sim
