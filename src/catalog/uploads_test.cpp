#include "catalog/uploads.h"
#include "catalog/catalog_test.h"
#include "catalog/rows.h"

#include <fmt/format.h>

namespace holdfast::catalog {
namespace {

using namespace std::chrono_literals;

class UploadsTest : public CatalogTest {
 protected:
  UploadsTest() { bucket = make_bucket("bucket"); }

  UploadId begin(std::string key) {
    return world.run(catalog->create_upload(bucket, std::move(key), 7, {{"a", "b"}})).value().id;
  }
  Result<PartInfo> put_part(std::string key, UploadId id, std::uint32_t number, std::string bytes) {
    vault::Content content = vault->write(bytes);
    return world.run(catalog->put_part({bucket, std::move(key), std::move(id), number},
                                       std::move(content),
                                       {.etag = etag(bytes), .modified = {}, .fields = {}}));
  }
  static std::string etag(const std::string& bytes) {
    return fmt::format("{}-{}", bytes.size(), bytes.substr(0, 4));
  }
  Result<ObjectInfo> complete(std::string key, UploadId id, std::vector<PartChoice> parts) {
    return world.run(
        catalog->complete_upload(bucket, std::move(key), std::move(id), std::move(parts),
                                 {.etag = "whole", .modified = {}, .fields = {{"c", "d"}}}, {}));
  }
  std::string got(std::string key, RangeChooser range = {}) {
    return world.run(get(bucket, std::move(key), std::move(range))).value();
  }
  static RangeChooser range(std::uint64_t offset, std::uint64_t size) {
    return [=](const ObjectInfo&) -> Result<ByteRange> {
      return ByteRange{.offset = offset, .size = size};
    };
  }
  std::uint64_t collect() { return world.run(vault->collect(*catalog)).value(); }

  BucketId bucket = 0;
};

TEST_F(UploadsTest, ChosenPartsBecomeTheObject) {
  const UploadId id = begin("dir/key");
  const std::string first = pattern(100, 1);
  const std::string second = pattern(5000, 2);
  const std::string third = pattern(20, 3);
  EXPECT_TRUE(put_part("dir/key", id, 3, third).has_value());
  EXPECT_TRUE(put_part("dir/key", id, 1, pattern(3000, 9)).has_value());
  EXPECT_TRUE(put_part("dir/key", id, 1, first).has_value());
  EXPECT_TRUE(put_part("dir/key", id, 2, second).has_value());
  EXPECT_TRUE(put_part("dir/key", id, 4, pattern(4000, 4)).has_value());
  const auto parts = world.run(catalog->list_parts(bucket, "dir/key", id, 1, 2)).value();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].number, 2u);
  EXPECT_EQ(parts[1].size, 20u);
  EXPECT_EQ(collect(), 375u);  // The chunks of the replaced part.

  const std::vector<PartChoice> choice{{1, etag(first)}, {2, etag(second)}, {3, etag(third)}};
  EXPECT_EQ(code_of(complete("dir/key", id, {{1, "other"}})), ErrorCode::invalid);
  EXPECT_EQ(code_of(complete("dir/key", id, {{5, etag(first)}})), ErrorCode::invalid);
  EXPECT_EQ(code_of(complete("dir/key", id, {choice[1], choice[0]})), ErrorCode::invalid);
  EXPECT_EQ(code_of(complete("dir/key", id, {})), ErrorCode::invalid);
  const auto info = complete("dir/key", id, choice).value();
  EXPECT_EQ(info.size, 5120u);
  EXPECT_EQ(info.part_count, 3u);
  const std::string whole = first + second + third;
  EXPECT_EQ(got("dir/key"), whole);
  for (std::uint64_t offset = 0; offset < whole.size(); offset += 97) {
    const std::uint64_t size = std::min<std::uint64_t>(150, whole.size() - offset);
    EXPECT_EQ(got("dir/key", range(offset, size)), whole.substr(offset, size));
  }
  const auto made_of = world.run(catalog->object_parts(bucket, "dir/key")).value();
  ASSERT_EQ(made_of.size(), 3u);
  EXPECT_EQ(made_of[2].etag, etag(third));
  EXPECT_GT(collect(), 400u);  // The part that was not chosen.
  EXPECT_EQ(got("dir/key"), whole);
  // The answer was lost: once more.
  EXPECT_EQ(complete("dir/key", id, choice).value().version, info.version);
  EXPECT_EQ(code_of(world.run(catalog->find_upload(bucket, "dir/key", id))), ErrorCode::not_found);
  EXPECT_TRUE(world.run(catalog->remove(bucket, "dir/key", {})).value().has_value());
  EXPECT_EQ(code_of(complete("dir/key", id, choice)), ErrorCode::not_found);
  EXPECT_EQ(count_rows(parts_family), 0u);
  EXPECT_EQ(count_rows(extents_family), 0u);
  collect();
  EXPECT_TRUE(vault->disk().chunks.empty());
}

TEST_F(UploadsTest, ManyPartsAreFoundByOffset) {
  const UploadId id = begin("key");
  std::string whole;
  std::vector<PartChoice> choice;
  for (std::uint32_t number = 1; number <= 2 * parts_per_row_max + 10; ++number) {
    // Whole rows of empty parts, too.
    const std::string bytes = number < 300 ? "" : pattern(number % 50, static_cast<int>(number));
    EXPECT_TRUE(put_part("key", id, number, bytes).has_value());
    choice.push_back({number, etag(bytes)});
    whole += bytes;
  }
  EXPECT_TRUE(complete("key", id, choice).has_value());
  EXPECT_EQ(got("key"), whole);
  EXPECT_EQ(world.run(catalog->object_parts(bucket, "key")).value().size(), choice.size());
  for (std::uint64_t offset = 0; offset < whole.size(); offset += 211) {
    EXPECT_EQ(got("key", range(offset, 1)), whole.substr(offset, 1));
  }
  // A copy is made of one piece.
  EXPECT_TRUE(world.run(catalog->copy({bucket, "key", {}}, bucket, "copy", {}, {})).has_value());
  EXPECT_EQ(world.run(catalog->head(bucket, "copy")).value().part_count, 0u);
  EXPECT_TRUE(world.run(catalog->remove(bucket, "key", {})).value().has_value());
  collect();
  EXPECT_EQ(got("copy"), whole);
}

TEST_F(UploadsTest, AnAbortedUploadLeavesNothing) {
  const UploadId id = begin("key");
  EXPECT_TRUE(put_part("key", id, 1, pattern(5000)).has_value());
  EXPECT_TRUE(world.run(catalog->abort_upload(bucket, "key", id)).has_value());
  EXPECT_EQ(code_of(world.run(catalog->abort_upload(bucket, "key", id))), ErrorCode::not_found);
  EXPECT_EQ(code_of(put_part("key", id, 2, "x")), ErrorCode::not_found);
  EXPECT_EQ(code_of(put_part("key", "nonsense", 2, "x")), ErrorCode::not_found);
  EXPECT_EQ(count_rows(parts_family), 0u);
  EXPECT_EQ(count_rows(extents_family), 0u);
  EXPECT_GT(collect(), 0u);
  EXPECT_TRUE(vault->disk().chunks.empty());
}

TEST_F(UploadsTest, PartsOfAKeyBelongToThatKeyOnly) {
  const UploadId id = begin("key");
  EXPECT_EQ(code_of(put_part("other", id, 1, "x")), ErrorCode::not_found);
  EXPECT_EQ(code_of(put_part("key", id, 0, "x")), ErrorCode::invalid);
  EXPECT_EQ(code_of(put_part("key", id, part_count_max + 1, "x")), ErrorCode::invalid);
}

TEST_F(UploadsTest, StaleUploadsAreAborted) {
  const UploadId old = begin("a");
  world.jump_wall(24h);
  const WallTime between = world.wall_now();
  world.jump_wall(1h);
  const UploadId young = begin("b");
  EXPECT_EQ(world.run(catalog->abort_stale_uploads(between)).value(), 1u);
  EXPECT_EQ(code_of(world.run(catalog->find_upload(bucket, "a", old))), ErrorCode::not_found);
  EXPECT_EQ(world.run(catalog->find_upload(bucket, "b", young)).value().initiator, 7u);
}

TEST_F(UploadsTest, AreListedByKeyAndThenByBeginning) {
  const UploadId b1 = begin("b");
  const UploadId b2 = begin("b");
  begin("a/1");
  begin("a/2");
  begin("b\x01");
  const auto page = [this](std::string prefix, std::string delimiter, std::string after,
                           UploadId upload_after, std::size_t count) {
    ListUploadsRequest request;
    request.bucket = bucket;
    request.prefix = std::move(prefix);
    request.delimiter = std::move(delimiter);
    request.key_after = std::move(after);
    request.upload_after = std::move(upload_after);
    request.count_max = count;
    return world.run(catalog->list_uploads(std::move(request))).value();
  };
  const auto keys = [](const ListUploadsPage& of) {
    std::vector<std::string> found;
    for (const auto& upload : of.uploads) found.push_back(upload.key);
    return found;
  };
  using Keys = std::vector<std::string>;
  const auto all = page("", "", "", "", 10);
  EXPECT_EQ(keys(all), (Keys{"a/1", "a/2", "b", "b", "b\x01"}));
  EXPECT_EQ(all.uploads[2].id, b1);
  EXPECT_EQ(all.uploads[3].id, b2);
  EXPECT_FALSE(all.is_truncated);
  const auto first = page("", "/", "", "", 2);
  EXPECT_EQ(first.prefixes, Keys{"a/"});
  EXPECT_EQ(keys(first), Keys{"b"});
  EXPECT_TRUE(first.is_truncated);
  EXPECT_EQ(first.next_upload, b1);
  EXPECT_EQ(keys(page("", "/", first.next_key, first.next_upload, 9)), (Keys{"b", "b\x01"}));
  EXPECT_EQ(keys(page("", "", "b", "", 9)), Keys{"b\x01"});
  const auto prefix_only = page("", "/", "", "", 1);
  EXPECT_EQ(prefix_only.next_key, "a/");
  EXPECT_EQ(page("", "/", "a/", "", 9).prefixes, Keys{});
  EXPECT_EQ(keys(page("a/", "/", "", "", 9)), (Keys{"a/1", "a/2"}));
  EXPECT_FALSE(page("", "", "", "", 0).is_truncated);
}

TEST_F(UploadsTest, APartIsCopiedFromAnyRange) {
  const std::string bytes = pattern(3000, 5);
  EXPECT_TRUE(world.run(put(bucket, "source", bytes)).has_value());
  const UploadId id = begin("key");
  std::string whole;
  std::vector<PartChoice> choice;
  std::uint32_t number = 0;
  for (const auto& [offset, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 3000}, {0, 8}, {3, 2}, {3, 5}, {3, 10}, {8, 16}, {5, 2800}, {2990, 10}, {7, 0}}) {
    const Attributes attributes{.etag = "copied", .modified = {}, .fields = {}};
    const auto part = world.run(catalog->copy_part({bucket, "source", {}}, range(offset, size),
                                                   {bucket, "key", id, ++number}, attributes));
    EXPECT_EQ(part.value().size, size);
    choice.push_back({number, "copied"});
    whole += bytes.substr(offset, size);
  }
  EXPECT_TRUE(world.run(catalog->remove(bucket, "source", {})).value().has_value());
  EXPECT_TRUE(complete("key", id, choice).has_value());
  collect();
  EXPECT_EQ(got("key"), whole);
}

}  // namespace
}  // namespace holdfast::catalog
