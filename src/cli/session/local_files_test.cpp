#include "cli/session/local_files.h"

#include "cli/session/file_etag.h"
#include "cli/session/place.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

// A folder of its own, gone with the test.
class LocalFiles : public testing::Test {
 protected:
  LocalFiles() {
    std::string name = testing::TempDir() + "holdfast-files-XXXXXX";
    top_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(top_); }

  std::string path(const std::string& name) const { return top_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
  }

  std::string top_;
};

TEST_F(LocalFiles, AreWalkedInTheOrderOfKeys) {
  // '.' sorts before '/', '0' after it.
  for (const char* name : {"a/z", "a.txt", "a0", "a/b/c", "b", "a-b"}) write(name, "x");
  LocalWalk walk(top_, false);
  std::vector<std::string> found;
  for (auto entries = walk.next(2); !entries.empty(); entries = walk.next(2)) {
    for (const auto& entry : entries) found.push_back(entry.path);
  }
  EXPECT_EQ(found, (std::vector<std::string>{"a-b", "a.txt", "a/b/c", "a/z", "a0", "b"}));
  EXPECT_TRUE(walk.take_troubles().empty());
}

TEST_F(LocalFiles, LinksAreLeftOutOrFollowedButNotInCircles) {
  write("folder/file", "x");
  fs::create_symlink("file", path("folder/link"));
  fs::create_symlink("..", path("folder/up"));
  LocalWalk strict(top_, false);
  EXPECT_EQ(strict.next(10).size(), 1U);
  EXPECT_EQ(strict.take_troubles().size(), 2U);
  LocalWalk following(top_, true);
  EXPECT_EQ(following.next(10).size(), 2U);
  const auto troubles = following.take_troubles();
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_FALSE(troubles[0].is_failure);
}

TEST_F(LocalFiles, AFolderThatIsNotThereIsTrouble) {
  LocalWalk walk(path("nothing"), false);
  EXPECT_TRUE(walk.next(10).empty());
  EXPECT_TRUE(walk.take_troubles().at(0).is_failure);
}

TEST_F(LocalFiles, ANewFileHasItsNameAndTimeOnlyWhenItIsFinished) {
  const WallTime time{std::chrono::seconds(1'700'000'000) + std::chrono::nanoseconds(123'456'789)};
  {
    auto unfinished = LocalFile::create(path("file"));
    ASSERT_TRUE(unfinished->write(as_bytes("half")));
  }
  EXPECT_FALSE(fs::exists(path("file")));
  EXPECT_TRUE(fs::is_empty(top_));
  auto file = LocalFile::create(path("file"));
  ASSERT_TRUE(file->write(as_bytes("all")));
  ASSERT_TRUE(file->finish(time));
  const auto whole = read_whole(path("file"), 100);
  EXPECT_EQ(as_text(whole->content), "all");
  EXPECT_EQ(whole->facts.modified, time);
  EXPECT_EQ(read_whole(path("file"), 2).error().code(), ErrorCode::invalid);
}

TEST_F(LocalFiles, TheFirstNewFileInAFolderRemovesWhatNobodyWritesAnyMore) {
  // A process that has ended: its number is not taken again so soon.
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(ended, nullptr, 0), ended);
  const std::string stale = fmt::format(".holdfast-{}-1.part", ended);
  const std::string alive = fmt::format(".holdfast-{}-1.part", ::getppid());
  const auto leave_behind = [&] {
    for (const std::string& name : {stale, "below/" + stale, alive}) write(name, "half");
  };
  leave_behind();
  Temporaries temporaries;
  auto file = LocalFile::create(path("file"), &temporaries);
  ASSERT_TRUE(file);
  EXPECT_FALSE(fs::exists(path(stale)));
  EXPECT_TRUE(fs::exists(path(alive)));
  EXPECT_TRUE(fs::exists(path("below/" + stale)));
  leave_behind();
  EXPECT_TRUE(LocalFile::create(path("other"), &temporaries));
  EXPECT_TRUE(fs::exists(path(stale))) << "a folder is looked through for each file";
}

TEST_F(LocalFiles, FilesAreReadToTheirEndWhateverSizeTheyTell) {
  EXPECT_GT(read_whole("/proc/self/status", 64 * kib)->content.size(), 100U);
  EXPECT_EQ(read_whole("/proc/self/status", 100).error().code(), ErrorCode::invalid);
  write("file", std::string(100, 'x'));
  EXPECT_EQ(read_whole(path("file"), 100)->content.size(), 100U);
  EXPECT_EQ(read_whole(path("file"), 99).error().code(), ErrorCode::invalid);
  write("empty", "");
  EXPECT_TRUE(read_whole(path("empty"), 0)->content.empty());
  EXPECT_EQ(read_whole(top_, 100'000).error().context(), top_ + " is a folder.");
}

TEST_F(LocalFiles, WhatIsNoFileIsNotReplacedByOne) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(make_folders(path("folder")));
  for (const char* name : {"pipe", "folder"}) {
    EXPECT_EQ(LocalFile::create(path(name)).error().code(), ErrorCode::invalid) << name;
  }
}

TEST_F(LocalFiles, EmptyFoldersGoUpToTheTop) {
  ASSERT_TRUE(make_folders(path("a/b/c")));
  write("a/keep", "x");
  remove_empty_folders(path("a/b/c"), top_);
  EXPECT_FALSE(fs::exists(path("a/b")));
  EXPECT_TRUE(fs::exists(path("a")));
  EXPECT_EQ(remove_file(path("nothing")).error().code(), ErrorCode::not_found);
}

TEST_F(LocalFiles, EtagsAreOfTheKindAskedFor) {
  write("file", "hello");
  EXPECT_EQ(etag_of_file(path("file"), std::string(32, '0')).value(),
            "5d41402abc4b2a76b9719d911017c592");
  // BLAKE3 of "hello" begins so, by b3sum.
  EXPECT_EQ(etag_of_file(path("file"), std::string(32, '0') + "-1").value(),
            "ea8f163db38682925e4491c5e58d4bb3-1");
  EXPECT_EQ(etag_of_file(path("file"), std::string(32, '0') + "-7").value(), "");
}

TEST(Place, RemoteAndLocalAreToldApart) {
  EXPECT_EQ(to_string(parse_place("hf://b/a/c").value()), "hf://b/a/c");
  EXPECT_FALSE(parse_place("b/a")->is_remote);
  EXPECT_EQ(parse_remote("b/a")->key, "a");
  EXPECT_TRUE(parse_remote("b")->is_folder_like());
  EXPECT_FALSE(parse_place("hf://"));
  EXPECT_FALSE(parse_place("s3://b/a"));
  EXPECT_FALSE(parse_place(""));
}

TEST(Place, KeysThatWouldLeaveTheFolderAreNoPaths) {
  EXPECT_EQ(relative_path("a/b/c", "a/").value(), "b/c");
  for (const char* key : {"a/../b", "a//b", "a/./b", "..", "", "a/b/.."}) {
    EXPECT_FALSE(relative_path(key, "")) << key;
  }
  EXPECT_FALSE(relative_path("/etc/passwd", ""));
  EXPECT_EQ(last_name("a/b/"), "b");
  EXPECT_EQ(last_name("c"), "c");
}

}  // namespace
}  // namespace holdfast::cli
