#include "volume.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace holdfast::powercut {
namespace {

class VolumeTest : public testing::Test {
 protected:
  Node make(const std::string& name) { return volume_.make(volume_.root(), name, S_IFREG).value(); }
  Node make_folder(const std::string& name) {
    return volume_.make(volume_.root(), name, S_IFDIR).value();
  }
  Handle open(const Node& node) { return volume_.open(node).value(); }
  void write(const Node& node, std::string_view text, std::uint64_t offset = 0) {
    ASSERT_TRUE(volume_.write(open(node), offset, std::as_bytes(std::span(text))).has_value());
  }
  void sync(const Node& node) { ASSERT_TRUE(volume_.sync(open(node)).has_value()); }
  void sync_folder(const Node& node) { ASSERT_TRUE(volume_.sync_folder(open(node)).has_value()); }
  void lose(Loss loss = Loss::all, std::uint64_t seed = 0) {
    volume_.cut(loss, seed);
    volume_.revive();
  }
  // Of a file in the root; nothing if it is not there.
  std::optional<std::string> text(const std::string& name) { return text(volume_.root(), name); }
  std::optional<std::string> text(const Node& folder, const std::string& name) {
    const auto node = volume_.find(folder, name);
    if (!node) return std::nullopt;
    std::string all((*node)->content.size(), '\0');
    EXPECT_EQ(volume_.read(open(*node), 0, std::as_writable_bytes(std::span(all))), all.size());
    return all;
  }

  Volume volume_;
};

TEST_F(VolumeTest, WhatWasSyncedStays) {
  const Node file = make("a");
  write(file, "one");
  sync(file);
  sync_folder(volume_.root());
  write(file, "two, longer");
  EXPECT_EQ(text("a"), "two, longer");
  lose();
  EXPECT_EQ(text("a"), "one");
}

TEST_F(VolumeTest, ASyncedFileWithoutADurableNameIsLost) {
  const Node file = make("a");
  write(file, "one");
  sync(file);
  lose();
  EXPECT_EQ(text("a"), std::nullopt);
}

TEST_F(VolumeTest, ADurableNameOfAnUnsyncedFileIsEmpty) {
  const Node file = make("a");
  write(file, "one");
  sync_folder(volume_.root());
  lose();
  EXPECT_EQ(text("a"), "");
}

TEST_F(VolumeTest, ARemovedNameComesBackUntilItsFolderIsSynced) {
  const Node file = make("a");
  write(file, "one");
  sync(file);
  sync_folder(volume_.root());
  ASSERT_TRUE(volume_.remove(volume_.root(), "a", false).has_value());
  EXPECT_EQ(text("a"), std::nullopt);
  lose();
  EXPECT_EQ(text("a"), "one");
  ASSERT_TRUE(volume_.remove(volume_.root(), "a", false).has_value());
  sync_folder(volume_.root());
  lose();
  EXPECT_EQ(text("a"), std::nullopt);
}

TEST_F(VolumeTest, ARenameOverAFileIsOldOrNew) {
  for (const bool is_synced : {false, true}) {
    const std::string name = is_synced ? "synced" : "not";
    const Node old = make(name);
    write(old, "old");
    sync(old);
    sync_folder(volume_.root());
    const Node fresh = make(name + ".new");
    write(fresh, "new");
    sync(fresh);
    ASSERT_TRUE(volume_.rename(volume_.root(), name + ".new", volume_.root(), name, true));
    if (is_synced) sync_folder(volume_.root());
    lose();
    EXPECT_EQ(text(name), is_synced ? "new" : "old");
    EXPECT_EQ(text(name + ".new"), std::nullopt);
  }
}

TEST_F(VolumeTest, ARenameIsDurableWithEitherFolder) {
  for (const bool syncs_source : {false, true}) {
    const Node from = make_folder(syncs_source ? "from1" : "from2");
    const Node to = make_folder(syncs_source ? "to1" : "to2");
    const Node file = volume_.make(from, "a", S_IFREG).value();
    sync_folder(volume_.root());
    sync_folder(from);
    ASSERT_TRUE(volume_.rename(from, "a", to, "b", true));
    sync_folder(syncs_source ? from : to);
    lose();
    EXPECT_EQ(text(from, "a"), std::nullopt);
    EXPECT_EQ(text(to, "b"), "");
  }
}

TEST_F(VolumeTest, AFolderIsLostWithAllInItUntilItsParentIsSynced) {
  const Node folder = make_folder("d");
  const Node file = volume_.make(folder, "a", S_IFREG).value();
  sync(file);
  sync_folder(folder);
  lose();
  EXPECT_EQ(volume_.find(volume_.root(), "d").error(), ENOENT);
}

TEST_F(VolumeTest, LinksCountAndOutliveTheirFirstName) {
  const Node file = make("a");
  write(file, "one");
  sync(file);
  ASSERT_TRUE(volume_.link(file, volume_.root(), "b"));
  sync_folder(volume_.root());
  ASSERT_TRUE(volume_.remove(volume_.root(), "a", false));
  EXPECT_EQ(file->links, 1);
  lose();
  EXPECT_EQ(volume_.find(volume_.root(), "a").value()->links, 2);
  EXPECT_EQ(text("b"), "one");
}

TEST_F(VolumeTest, HandlesAreDeadAfterACut) {
  const Node file = make("a");
  sync_folder(volume_.root());
  const Handle handle = open(file);
  volume_.cut(Loss::all, 0);
  EXPECT_EQ(volume_.sync(handle).error(), EIO);
  EXPECT_EQ(volume_.find(volume_.root(), "a").error(), EIO);
  volume_.revive();
  EXPECT_EQ(volume_.write(handle, 0, {}).error(), EIO);
  EXPECT_TRUE(volume_.find(volume_.root(), "a").has_value());
}

TEST_F(VolumeTest, SizesAreForgottenToo) {
  const Node file = make("a");
  write(file, std::string(100'000, 'x'));
  sync(file);
  sync_folder(volume_.root());
  ASSERT_TRUE(volume_.resize(file, 10).has_value());
  ASSERT_TRUE(volume_.resize(file, 20'000).has_value());
  EXPECT_EQ(text("a"), std::string(10, 'x') + std::string(19'990, '\0'));
  lose();
  EXPECT_EQ(text("a"), std::string(100'000, 'x'));
  ASSERT_TRUE(volume_.resize(volume_.find(volume_.root(), "a").value(), 10).has_value());
  sync(volume_.find(volume_.root(), "a").value());
  lose();
  EXPECT_EQ(text("a"), std::string(10, 'x'));
}

TEST_F(VolumeTest, SomeLossKeepsSectorsOfOldOrNew) {
  bool saw_old = false;
  bool saw_new = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Volume fresh;
    std::swap(volume_, fresh);
    const Node file = make("a");
    write(file, std::string(4096, 'o'));
    sync(file);
    sync_folder(volume_.root());
    write(file, std::string(4096, 'n'));
    lose(Loss::some, seed);
    const std::string left = text("a").value();
    ASSERT_EQ(left.size(), 4096);
    for (std::size_t at = 0; at < left.size(); at += 512) {
      const std::string sector = left.substr(at, 512);
      EXPECT_EQ(sector, std::string(512, sector[0]));
      saw_old = saw_old || sector[0] == 'o';
      saw_new = saw_new || sector[0] == 'n';
    }
    const std::string again = text("a").value();
    lose();
    EXPECT_EQ(text("a"), again);
  }
  EXPECT_TRUE(saw_old && saw_new);
}

TEST_F(VolumeTest, WithoutLossEverythingStays) {
  write(make("a"), "one");
  lose(Loss::none);
  EXPECT_EQ(text("a"), "one");
}

TEST_F(VolumeTest, AFailedSyncLosesWhatItShouldHaveKept) {
  const Node file = make("a");
  sync_folder(volume_.root());
  write(file, "one");
  volume_.add_fault(Operation::sync, "a", 1);
  EXPECT_EQ(volume_.sync(open(file)).error(), EIO);
  sync(file);
  EXPECT_EQ(text("a"), "one");
  lose();
  EXPECT_EQ(text("a"), std::string(3, '\0'));
}

TEST_F(VolumeTest, APlannedCutComesDuringItsChange) {
  const Node file = make("a");
  sync_folder(volume_.root());
  volume_.cut_after(2, Loss::all, 0);
  write(file, "one");
  EXPECT_EQ(volume_.sync(open(file)).error(), EIO);
  EXPECT_FALSE(volume_.is_on());
  volume_.revive();
  EXPECT_EQ(text("a"), "");
}

}  // namespace
}  // namespace holdfast::powercut
