#include "env/linux/disk.h"

#include "base/sync.h"
#include "env/disk_contract.h"
#include "env/linux/support_test.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace holdfast::env::linux {
namespace {

template <DiskBackend Backend>
struct DiskFixture {
  explicit DiskFixture(std::string parent = {}) : folder(std::move(parent)) {}

  TestLoop loop;
  TestFolder folder;
  std::unique_ptr<Disk> its_disk =
      Disk::open(loop.executor(), folder.path() + "/root", Backend).value();

  Disk& disk() { return *its_disk; }
  void run(Task<void> task) { loop.run(std::move(task)); }
};

using RingDisk = DiskFixture<DiskBackend::ring>;
using ThreadsDisk = DiskFixture<DiskBackend::threads>;

// Memory has no direct I/O.
struct MemoryDisk : DiskFixture<DiskBackend::best> {
  MemoryDisk() : DiskFixture("/dev/shm") {}
};

struct LinuxDisks {
  template <class Disk>
  static std::string GetName(int) {  // NOLINT(readability-identifier-naming): GoogleTest's.
    if constexpr (std::is_same_v<Disk, RingDisk>) return "ring";
    return std::is_same_v<Disk, ThreadsDisk> ? "threads" : "memory";
  }
};

}  // namespace
}  // namespace holdfast::env::linux

namespace holdfast::env {
using LinuxDiskTypes = testing::Types<linux::RingDisk, linux::ThreadsDisk, linux::MemoryDisk>;
INSTANTIATE_TYPED_TEST_SUITE_P(Linux, DiskContract, LinuxDiskTypes, linux::LinuxDisks);
}  // namespace holdfast::env

namespace holdfast::env::linux {
namespace {

using disk_contract::pattern;
using disk_contract::put;

TEST(LinuxDiskTest, TellsItsBackend) {
  TestLoop loop;
  const TestFolder folder;
  EXPECT_EQ(Disk::open(loop.executor(), folder.path(), DiskBackend::threads).value()->backend(),
            "threads");
  const auto ring = Disk::open(loop.executor(), folder.path(), DiskBackend::ring);
  if (ring) {
    EXPECT_EQ(ring.value()->backend(), "io_uring");
  }
  const auto missing = Disk::open(loop.executor(), folder.path() + "/no/root");
  EXPECT_EQ(missing.error().code(), ErrorCode::not_found);
}

Task<void> write_one(File& file, std::uint64_t number) {
  (co_await file.write(number * 4096, pattern(4096, static_cast<unsigned>(number)))).value();
}

Task<void> write_many(Disk& disk, boost::asio::any_io_executor executor, std::uint64_t count) {
  const auto file = (co_await disk.open("file", {.write = true, .create = true})).value();
  TaskGroup writers;
  for (std::uint64_t i = 0; i < count; ++i) writers.spawn(executor, write_one(*file, i));
  co_await writers.join();
  (co_await file->sync()).value();
  Bytes page(4096);
  for (std::uint64_t i = 0; i < count; ++i) {
    (co_await file->read(i * 4096, page)).value();
    EXPECT_EQ(page, pattern(4096, static_cast<unsigned>(i))) << i;
  }
}

TEST(LinuxDiskTest, ManyOperationsAtATimeAllHappen) {
  RingDisk ring;
  ring.run(write_many(ring.disk(), ring.loop.executor(), 2000));
  ThreadsDisk threads;
  threads.run(write_many(threads.disk(), threads.loop.executor(), 2000));
}

Task<void> follow_links(Disk& disk) {
  EXPECT_FALSE((co_await disk.open("outside", {})).has_value());
  EXPECT_FALSE((co_await disk.list("folder_outside")).has_value());
  EXPECT_FALSE((co_await disk.open("folder_outside/secret", {})).has_value());
  EXPECT_FALSE((co_await disk.remove("folder_outside/secret")).has_value());
  EXPECT_FALSE((co_await disk.rename("inside", "folder_outside/inside")).has_value());
}

TEST(LinuxDiskTest, LinksDoNotLeadOutOfTheRoot) {
  RingDisk fixture;
  const std::string root = fixture.folder.path() + "/root";
  std::filesystem::create_directory(fixture.folder.path() + "/beside");
  ASSERT_EQ(symlink("/etc/passwd", (root + "/outside").c_str()), 0);
  ASSERT_EQ(symlink("../beside", (root + "/folder_outside").c_str()), 0);
  fixture.run(put(fixture.disk(), "inside", "x"));
  fixture.run(follow_links(fixture.disk()));
}

Task<void> make_both(Disk& disk) {
  co_await put(disk, "file", "x");
  (co_await disk.make_folder("folder")).value();
}

TEST(LinuxDiskTest, OthersSeeNothing) {
  RingDisk fixture;
  fixture.run(make_both(fixture.disk()));
  for (const auto& [name, mode] : {std::pair("/root/file", 0600U), std::pair("/root/folder", 0700U),
                                   std::pair("/root", 0700U)}) {
    struct stat status{};
    ASSERT_EQ(stat((fixture.folder.path() + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, mode) << name;
  }
}

Task<void> fail_on_fifo(Disk& disk) {
  const auto opened = co_await disk.open("link", {});
  EXPECT_EQ(opened.error().code(), ErrorCode::invalid);
  EXPECT_NE(opened.error().context().find("link"), std::string::npos);
}

TEST(LinuxDiskTest, OpensRegularFilesOnly) {
  RingDisk fixture;
  std::filesystem::create_directory(fixture.folder.path() + "/root/link");
  fixture.run(fail_on_fifo(fixture.disk()));
}

Task<void> take_lock(Disk& disk, std::unique_ptr<Lock>& lock) {
  auto taken = co_await disk.lock("lock", "process 1");
  if (taken) lock = std::move(*taken);
}

TEST(LinuxDiskTest, ALockHoldsAgainstAnotherDiskOnTheFolder) {
  RingDisk one;
  const auto other = Disk::open(one.loop.executor(), one.folder.path() + "/root").value();
  std::unique_ptr<Lock> first;
  std::unique_ptr<Lock> second;
  one.run(take_lock(one.disk(), first));
  EXPECT_TRUE(first);
  one.run(take_lock(*other, second));
  EXPECT_FALSE(second);
}

}  // namespace
}  // namespace holdfast::env::linux
