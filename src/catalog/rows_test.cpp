#include "catalog/rows.h"

#include "vault/record.h"

#include <gtest/gtest.h>

namespace holdfast::catalog {
namespace {

vault::Extent extent(int n) {
  vault::Extent made{.chunk = {}, .size = static_cast<std::uint32_t>(n + 1)};
  made.chunk.bytes.fill(static_cast<std::byte>(n));
  return made;
}

ObjectRow object_row() {
  ObjectRow row;
  row.info.size = 3;
  row.info.etag = "0123456789abcdef0123456789abcdef";
  row.info.modified = {Duration(-5)};
  row.info.fields = {{"content-type", "text/plain"}, {"x-amz-meta-a", ""}};
  row.body.extents = {extent(0), extent(1)};
  return row;
}

TEST(RowsTest, AnObjectComesBackAsItWas) {
  for (const std::string etag : {"0123456789abcdef0123456789abcdef", "0123456789ABCDEF",
                                 "0123456789abcdef0123456789abcdef-3", ""}) {
    ObjectRow row = object_row();
    row.info.etag = etag;
    const auto back = decode_name_row(encode_name_row(row));
    ASSERT_TRUE(back.has_value());
    const auto& object = std::get<ObjectRow>(*back);
    EXPECT_EQ(object.info.size, 3u);
    EXPECT_EQ(object.info.etag, etag);
    EXPECT_EQ(object.info.modified, row.info.modified);
    EXPECT_EQ(object.info.fields, row.info.fields);
    EXPECT_EQ(object.body, row.body);
  }
}

TEST(RowsTest, ASmallObjectTakesAboutTwoHundredBytes) {
  ObjectRow row = object_row();
  row.body.extents.resize(1);
  EXPECT_LE(name_key(1, "some-name.txt").size() + vault::commit_suffix_bytes +
                encode_name_row(row).size(),
            200u);
}

TEST(RowsTest, EveryShortenedRowIsRefused) {
  const std::string whole = encode_name_row(object_row());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto row = decode_name_row(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(row.has_value());
    EXPECT_EQ(row.error().code(), ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_name_row(whole + "x").has_value());
}

TEST(RowsTest, PartsComeBackAsTheyWere) {
  std::vector<PartRow> parts(3);
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    parts[i].info = {
        .number = i + 1, .size = i, .etag = "e", .modified = {}, .fields = {{"a", "b"}}};
  }
  parts[0].body.extents = {extent(7)};
  parts[1].body = {.kind = Body::Kind::stream, .extents = {}, .content = 9, .stream = 1ULL << 40};
  const auto back = decode_parts(encode_parts(parts));
  ASSERT_TRUE(back.has_value());
  ASSERT_EQ(back->size(), 3u);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ((*back)[i].info.number, parts[i].info.number);
    EXPECT_EQ((*back)[i].info.fields, parts[i].info.fields);
    EXPECT_EQ((*back)[i].body, parts[i].body);
  }
}

TEST(RowsTest, KeysSortAsTheirNumbersDo) {
  EXPECT_LT(extents_key(1, 0, 255), extents_key(1, 0, 256));
  EXPECT_LT(extents_key(1, 0, ~0ULL), extents_end(1, 0));
  EXPECT_LT(extents_key(1, ~0ULL, ~0ULL), content_end(1));
  EXPECT_LT(upload_part_key(1, part_count_max), object_parts_begin(1));
  EXPECT_LT(object_parts_key(1, 5, 9), object_parts_key(1, 6, 1));
  EXPECT_EQ(after_all_of("a\xff"), "b");
  EXPECT_EQ(after_all_of("\xff\xff"), std::nullopt);
}

TEST(RowsTest, UploadsOfOneKeyComeBeforeThoseOfLongerKeys) {
  const std::string id(upload_id_bytes, '\xff');
  EXPECT_LT(upload_key(1, "a", id), upload_key(1, "a\x01", std::string(upload_id_bytes, '\0')));
  const auto info = decode_upload(upload_key(1, "a/b", id),
                                  encode_upload({.initiator = 4, .started = {}, .fields = {}}));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->key, "a/b");
  EXPECT_EQ(upload_id_to_bytes(info->id), id);
  EXPECT_EQ(upload_id_to_bytes("zz"), std::nullopt);
}

}  // namespace
}  // namespace holdfast::catalog
