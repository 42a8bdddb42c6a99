#include "catalog/body_writer.h"
#include "catalog/catalog_test.h"
#include "catalog/directories.h"
#include "catalog/open_contents.h"
#include "catalog/rows.h"

#include <fmt/format.h>

namespace holdfast::catalog {
namespace {

using namespace std::chrono_literals;

Result<void> must_be_absent(const ObjectInfo* existing) {
  if (existing == nullptr) return {};
  return fail(ErrorCode::already_exists, existing->key);
}

class ObjectsTest : public CatalogTest {
 protected:
  ObjectsTest() { bucket = make_bucket("bucket"); }

  Task<void> put_counted(std::string key, std::string bytes, Condition condition, int& count) {
    const auto outcome = co_await put(bucket, std::move(key), std::move(bytes), condition);
    if (outcome) ++count;
  }
  std::string got(std::string key) { return world.run(get(bucket, std::move(key))).value(); }
  Usage usage(std::string prefix = "") {
    return world.run(catalog->bucket_usage(bucket, std::move(prefix))).value();
  }
  static RangeChooser range(std::uint64_t offset, std::uint64_t size) {
    return [=](const ObjectInfo&) -> Result<ByteRange> {
      return ByteRange{.offset = offset, .size = size};
    };
  }
  std::uint64_t collect() { return world.run(vault->collect(*catalog)).value(); }

  BucketId bucket = 0;
};

TEST_F(ObjectsTest, KeysAreMereBytes) {
  const std::vector<std::string> keys{"a",  "a/",     "a/b",  "a//b", "/a", "//", "..",
                                      "./", "../../", "\x01", "é",    "a.", "/"};
  for (const auto& key : keys) EXPECT_TRUE(world.run(put(bucket, key, "of " + key)).has_value());
  for (const auto& key : keys) EXPECT_EQ(got(key), "of " + key);
  EXPECT_EQ(usage().objects, keys.size());
  using namespace std::string_literals;
  for (const auto& bad : {""s, "a\0b"s, std::string(key_bytes_max + 1, 'x')}) {
    EXPECT_EQ(code_of(world.run(put(bucket, bad, "x"))), ErrorCode::invalid);
  }
  const std::string deep(key_bytes_max, '/');
  EXPECT_TRUE(world.run(put(bucket, deep, "deep")).has_value());
  EXPECT_EQ(got(deep), "deep");
}

TEST_F(ObjectsTest, AnOverwriteReplacesAndCountsOnce) {
  const auto first = world.run(put(bucket, "a/b", "first")).value();
  const auto second = world.run(put(bucket, "a/b", "the second")).value();
  EXPECT_GT(second.version, first.version);
  EXPECT_EQ(got("a/b"), "the second");
  EXPECT_EQ(usage().objects, 1u);
  EXPECT_EQ(usage().bytes, 10u);
  EXPECT_EQ(usage("a/").bytes, 10u);
  EXPECT_EQ(usage("a").objects, 1u);
  EXPECT_EQ(usage("b").objects, 0u);
  EXPECT_EQ(count_rows(names_family), 2u);
  EXPECT_EQ(world.run(catalog->remove(bucket, "a/b", {})).value()->version, second.version);
  EXPECT_FALSE(world.run(catalog->remove(bucket, "a/b", {})).value().has_value());
  EXPECT_EQ(code_of(world.run(catalog->head(bucket, "a/b"))), ErrorCode::not_found);
  EXPECT_EQ(usage().objects, 0u);
}

TEST_F(ObjectsTest, OfManyConditionalPutsOneWins) {
  int count = 0;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(put_counted("dir/key", std::to_string(i), must_be_absent, count));
  }
  run_together(std::move(tasks));
  EXPECT_EQ(count, 1);
  EXPECT_EQ(usage().objects, 1u);
}

TEST_F(ObjectsTest, PutsOfDifferentKeysShareASync) {
  EXPECT_TRUE(world.run(put(bucket, "dir/first", "x")).has_value());
  int count = 0;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 64; ++i) {
    tasks.push_back(put_counted(fmt::format("dir/{}", i), "x", {}, count));
  }
  run_together(std::move(tasks));
  EXPECT_EQ(count, 64);
  EXPECT_GE(vault->commits_together_max(), 48u);
}

TEST_F(ObjectsTest, ManyAtOnceMakeEachDirectoryOnce) {
  int count = 0;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 60; ++i) {
    tasks.push_back(put_counted(fmt::format("a/b{}/c/{}", i % 3, i), "x", {}, count));
  }
  run_together(std::move(tasks));
  EXPECT_EQ(count, 60);
  EXPECT_EQ(count_rows(names_family), 60u + 1 + 3 + 3);
  EXPECT_EQ(usage("a/b1/").objects, 20u);
  EXPECT_EQ(usage().objects, 60u);
}

TEST_F(ObjectsTest, ALargeObjectHasRowsOfItsOwn) {
  constexpr std::size_t chunks = extents_per_record_max + 3 * extents_per_row_max + 5;
  const std::string bytes = pattern(chunks * MemoryVault::chunk_bytes - 3);
  EXPECT_TRUE(world.run(put(bucket, "large", bytes)).has_value());
  EXPECT_EQ(got("large"), bytes);
  EXPECT_GE(count_rows(extents_family), chunks / extents_per_row_max);
  for (const std::uint64_t offset : {0UL, 1UL, 8UL, 2047UL, 2048UL, 2049UL, 30'001UL, 36'000UL}) {
    for (const std::uint64_t size : {0UL, 1UL, 9UL, 2500UL}) {
      if (offset + size > bytes.size()) continue;
      EXPECT_EQ(world.run(get(bucket, "large", range(offset, size))).value(),
                bytes.substr(offset, size));
    }
  }
  EXPECT_EQ(code_of(world.run(get(bucket, "large", range(1, bytes.size())))), ErrorCode::invalid);
  EXPECT_EQ(collect(), 0u);
  EXPECT_EQ(got("large"), bytes);
  EXPECT_TRUE(world.run(put(bucket, "large", "small now")).has_value());
  EXPECT_EQ(count_rows(extents_family), 0u);
  EXPECT_GT(collect(), chunks / 2);
  EXPECT_EQ(got("large"), "small now");
}

TEST_F(ObjectsTest, WhatIsOpenStaysReadable) {
  const std::string bytes = pattern(3 * open_extents_max * MemoryVault::chunk_bytes);
  EXPECT_TRUE(world.run(put(bucket, "large", bytes)).has_value());
  EXPECT_TRUE(world.run(put(bucket, "small", "12345678abcdefgh")).has_value());
  {
    auto large = world.run(catalog->get(bucket, "large", range(5, bytes.size() - 5))).value();
    auto small = world.run(catalog->get(bucket, "small", {})).value();
    std::string begin;
    for (const ByteView piece : world.run(large.body->read()).value()) begin += as_text(piece);
    EXPECT_TRUE(world.run(catalog->remove(bucket, "large", {})).value().has_value());
    EXPECT_TRUE(world.run(put(bucket, "small", "other")).has_value());
    EXPECT_EQ(collect(), 0u);
    EXPECT_EQ(begin + world.run(read_all(*large.body)).value(), bytes.substr(5));
    EXPECT_EQ(world.run(read_all(*small.body)).value(), "12345678abcdefgh");
  }
  EXPECT_GT(collect(), 0u);
  EXPECT_EQ(vault->disk().chunks.size(), 1u);
}

TEST_F(ObjectsTest, EachFailingCommitOfALargePutLeavesNothing) {
  constexpr std::size_t chunks = 2 * extents_per_record_max + 700;
  const std::string bytes = pattern(chunks * MemoryVault::chunk_bytes);
  EXPECT_TRUE(world.run(put(bucket, "other", "x")).has_value());
  const std::size_t rows = count_rows(settings_family);
  for (std::size_t failing = 0; failing < 4; ++failing) {
    vault->fail_commits(ErrorCode::full, failing);
    EXPECT_EQ(code_of(world.run(put(bucket, "large", bytes))), ErrorCode::full) << failing;
    EXPECT_EQ(count_rows(extents_family), 0u);
    EXPECT_EQ(count_rows(settings_family), rows);
  }
  EXPECT_TRUE(world.run(put(bucket, "large", bytes)).has_value());
  EXPECT_EQ(got("large"), bytes);
}

TEST_F(ObjectsTest, RowsOfAnUnfinishedPutAreGoneAfterARestart) {
  constexpr std::size_t chunks = 2 * extents_per_record_max;
  const std::string bytes = pattern(chunks * MemoryVault::chunk_bytes);
  vault->fail_commits(ErrorCode::unavailable, 2, 1'000'000);
  EXPECT_EQ(code_of(world.run(put(bucket, "large", bytes))), ErrorCode::unavailable);
  EXPECT_GT(count_rows(extents_family), 0u);
  close();
  open();
  EXPECT_EQ(count_rows(extents_family), 0u);
  EXPECT_TRUE(world.run(put(bucket, "large", bytes)).has_value());
  EXPECT_EQ(got("large"), bytes);
}

TEST_F(ObjectsTest, ACopyIsAnObjectOfItsOwn) {
  const BucketId other = make_bucket("other");
  const std::string bytes = pattern(3 * open_extents_max * MemoryVault::chunk_bytes + 1);
  EXPECT_TRUE(world.run(put(bucket, "a/large", bytes)).has_value());
  EXPECT_TRUE(world.run(put(bucket, "empty", "")).has_value());
  const std::size_t chunks = vault->disk().chunks.size();
  const auto copied =
      world.run(catalog->copy({bucket, "a/large", {}}, other, "b/copy", {}, must_be_absent));
  EXPECT_EQ(copied.value().etag, "etag of " + bytes.substr(0, 8));
  EXPECT_EQ(code_of(world.run(
                catalog->copy({bucket, "a/large", {}}, other, "b/copy", {}, must_be_absent))),
            ErrorCode::already_exists);
  EXPECT_EQ(
      code_of(world.run(catalog->copy({bucket, "a/large", must_be_absent}, other, "c", {}, {}))),
      ErrorCode::already_exists);
  EXPECT_EQ(code_of(world.run(catalog->copy({bucket, "none", {}}, other, "c", {}, {}))),
            ErrorCode::not_found);
  EXPECT_TRUE(world.run(catalog->copy({bucket, "empty", {}}, other, "empty", {}, {})).has_value());
  EXPECT_EQ(vault->disk().chunks.size(), chunks);
  EXPECT_TRUE(world.run(catalog->remove(bucket, "a/large", {})).value().has_value());
  EXPECT_EQ(collect(), 0u);
  EXPECT_EQ(world.run(get(other, "b/copy")).value(), bytes);
  // Onto itself, with other attributes.
  const Attributes attributes{.etag = "new", .modified = {}, .fields = {{"a", "b"}}};
  EXPECT_TRUE(
      world.run(catalog->copy({other, "b/copy", {}}, other, "b/copy", attributes, {})).has_value());
  EXPECT_EQ(world.run(catalog->head(other, "b/copy")).value().fields, attributes.fields);
  EXPECT_EQ(collect(), 0u);
  EXPECT_EQ(world.run(get(other, "b/copy")).value(), bytes);
}

TEST_F(ObjectsTest, ARenamedObjectReplacesItsTarget) {
  EXPECT_TRUE(world.run(put(bucket, "a/b", "moved")).has_value());
  EXPECT_TRUE(world.run(put(bucket, "c/d", "replaced")).has_value());
  EXPECT_TRUE(world.run(catalog->rename(bucket, "a/b", "c/d")).has_value());
  EXPECT_EQ(got("c/d"), "moved");
  EXPECT_EQ(usage().objects, 1u);
  EXPECT_EQ(usage().bytes, 5u);
  EXPECT_EQ(usage("a/").objects, 0u);
  EXPECT_EQ(code_of(world.run(catalog->rename(bucket, "a/b", "x"))), ErrorCode::not_found);
  EXPECT_TRUE(world.run(catalog->rename(bucket, "c/d", "c/d")).has_value());
  EXPECT_TRUE(world.run(catalog->rename(bucket, "c/d", "new/deep/e")).has_value());
  EXPECT_EQ(got("new/deep/e"), "moved");
}

TEST_F(ObjectsTest, ADirectoryIsRenamedWithAllInIt) {
  for (const std::string key : {"a/b/1", "a/b/c/2", "a/b/", "a/x", "t/u/gone"}) {
    EXPECT_TRUE(world.run(put(bucket, key, key)).has_value());
  }
  EXPECT_EQ(code_of(world.run(catalog->rename(bucket, "a/b/", "a/b/c/d/"))), ErrorCode::invalid);
  EXPECT_EQ(code_of(world.run(catalog->rename(bucket, "a/b/", "t/u/"))), ErrorCode::conflict);
  EXPECT_EQ(code_of(world.run(catalog->rename(bucket, "none/", "t/v/"))), ErrorCode::not_found);
  EXPECT_TRUE(world.run(catalog->remove(bucket, "t/u/gone", {})).value().has_value());
  EXPECT_TRUE(world.run(catalog->rename(bucket, "a/b/", "t/u/")).has_value());
  EXPECT_EQ(got("t/u/1"), "a/b/1");
  EXPECT_EQ(got("t/u/c/2"), "a/b/c/2");
  EXPECT_EQ(got("t/u/"), "a/b/");
  EXPECT_EQ(code_of(world.run(catalog->head(bucket, "a/b/1"))), ErrorCode::not_found);
  EXPECT_EQ(usage("a/").objects, 1u);
  EXPECT_EQ(usage("t/").objects, 3u);
  EXPECT_EQ(usage("t/u/c/").objects, 1u);
  EXPECT_EQ(usage().objects, 4u);
  EXPECT_TRUE(world.run(put(bucket, "a/b/1", "another")).has_value());
  EXPECT_EQ(got("a/b/1"), "another");
  EXPECT_EQ(got("t/u/1"), "a/b/1");
}

TEST_F(ObjectsTest, DirectoriesLeftEmptyAreSweptAway) {
  constexpr std::size_t directories = Directories::emptied_many + 50;
  int count = 0;
  std::vector<Task<void>> tasks;
  for (std::size_t i = 0; i < directories; ++i) {
    tasks.push_back(put_counted(fmt::format("top/{}/sub/key", i), "x", {}, count));
  }
  run_together(std::move(tasks));
  for (std::size_t i = 0; i < directories; ++i) {
    EXPECT_TRUE(
        world.run(catalog->remove(bucket, fmt::format("top/{}/sub/key", i), {})).has_value());
  }
  EXPECT_LE(count_rows(names_family), 1u + 2 * 50);
  EXPECT_LE(count_rows(counts_family), 2u + 2 * 50);
  // One that was swept can be used again.
  EXPECT_TRUE(world.run(put(bucket, "top/7/sub/key", "again")).has_value());
  EXPECT_EQ(got("top/7/sub/key"), "again");
}

TEST_F(ObjectsTest, ABucketGoesOnlyWhenEmpty) {
  EXPECT_TRUE(world.run(put(bucket, "a/b/c/d", "x")).has_value());
  EXPECT_EQ(code_of(world.run(catalog->remove_bucket("bucket"))), ErrorCode::conflict);
  EXPECT_TRUE(world.run(catalog->remove(bucket, "a/b/c/d", {})).value().has_value());
  const auto upload = world.run(catalog->create_upload(bucket, "u", 1, {})).value();
  EXPECT_EQ(code_of(world.run(catalog->remove_bucket("bucket"))), ErrorCode::conflict);
  EXPECT_TRUE(world.run(catalog->abort_upload(bucket, "u", upload.id)).has_value());
  EXPECT_TRUE(world.run(catalog->remove_bucket("bucket")).has_value());
  EXPECT_EQ(count_rows(names_family), 0u);
  EXPECT_EQ(count_rows(counts_family), 0u);
  EXPECT_EQ(code_of(world.run(put(bucket, "a", "x"))), ErrorCode::not_found);
  EXPECT_EQ(code_of(world.run(catalog->find_bucket("bucket"))), ErrorCode::not_found);
  EXPECT_NE(make_bucket("bucket"), bucket);
}

TEST_F(ObjectsTest, BucketsAreListedByNameAndOwner) {
  for (const std::string name : {"zoo", "ant", "bee"}) {
    EXPECT_TRUE(world.run(catalog->create_bucket(name, name == "zoo" ? 2 : 1, {})).has_value());
  }
  EXPECT_EQ(code_of(world.run(catalog->create_bucket("ant", 3, {}))), ErrorCode::already_exists);
  const auto names = [this](std::optional<UserId> owner, std::string prefix, std::string after,
                            std::size_t count) {
    std::vector<std::string> found;
    for (const auto& each :
         world.run(catalog->list_buckets(owner, std::move(prefix), std::move(after), count))
             .value()) {
      found.push_back(each.name);
    }
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({}, "", "", 10), (Names{"ant", "bee", "bucket", "zoo"}));
  EXPECT_EQ(names(2, "", "", 10), (Names{"zoo"}));
  EXPECT_EQ(names({}, "b", "bee", 10), (Names{"bucket"}));
  EXPECT_EQ(names(1, "", "ant", 1), (Names{"bee"}));
  EXPECT_TRUE(world.run(catalog->set_bucket("bee", {{"etag", "blake3"}})).has_value());
  close();
  open();
  EXPECT_EQ(world.run(catalog->find_bucket("bee")).value().settings.front().second, "blake3");
}

TEST_F(ObjectsTest, WhoDoesNotOwnTheCatalogAnswersNothing) {
  EXPECT_TRUE(world.run(put(bucket, "a", "x")).has_value());
  vault->set_may_serve(false);
  EXPECT_EQ(code_of(world.run(catalog->head(bucket, "a"))), ErrorCode::unavailable);
  EXPECT_EQ(code_of(world.run(catalog->head(bucket, "b"))), ErrorCode::unavailable);
  EXPECT_EQ(code_of(world.run(catalog->list({}))), ErrorCode::unavailable);
  EXPECT_EQ(code_of(world.run(put(bucket, "a", "y", must_be_absent))), ErrorCode::unavailable);
}

TEST_F(ObjectsTest, AnUnknownFormatIsRefused) {
  vault::Record record;
  record.put(settings_family, std::string(format_key), encode_number(format_version + 1));
  EXPECT_TRUE(world.run(vault->commit(std::move(record))).has_value());
  EXPECT_EQ(code_of(world.run(Catalog::open(*vault, world, world.random()))),
            ErrorCode::unsupported);
}

}  // namespace
}  // namespace holdfast::catalog
