#include "node/object_headers.h"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

catalog::ByteRange placed(std::string_view header, std::uint64_t size) {
  const auto wish = parse_range(header);
  if (!wish) return {};
  const auto range = place_range(*wish, size);
  return range ? *range : catalog::ByteRange();
}

TEST(ObjectHeaders, RangesArePlacedWithinTheObject) {
  EXPECT_EQ(placed("bytes=2-4", 10).offset, 2U);
  EXPECT_EQ(placed("bytes=2-4", 10).size, 3U);
  EXPECT_EQ(placed("bytes=8-99", 10).size, 2U);
  EXPECT_EQ(placed("bytes=4-", 10).size, 6U);
  EXPECT_EQ(placed("bytes=-3", 10).offset, 7U);
  EXPECT_EQ(placed("bytes=-30", 10).size, 10U);
  EXPECT_EQ(placed("bytes=0-18446744073709551615", 10).size, 10U);
}

TEST(ObjectHeaders, RangesWithoutAByteAreRefusedAndOtherFormsIgnored) {
  EXPECT_FALSE(place_range(*parse_range("bytes=10-"), 10));
  EXPECT_FALSE(place_range(*parse_range("bytes=-0"), 10));
  EXPECT_FALSE(place_range(*parse_range("bytes=0-"), 0));
  for (const char* header : {"", "bytes=", "bytes=-", "bytes=4-2", "bytes=a-b", "lines=1-2",
                             "bytes=1-2,4-5", "bytes=99999999999999999999-"}) {
    EXPECT_FALSE(parse_range(header)) << header;
  }
}

TEST(ObjectHeaders, TagsAreFoundInLists) {
  EXPECT_TRUE(names_etag("\"a\", W/\"b\"", "b"));
  EXPECT_TRUE(names_etag("*", "anything"));
  EXPECT_FALSE(names_etag("\"ab\"", "a"));
  EXPECT_FALSE(names_etag("", "a"));
}

TEST(ObjectHeaders, KeysAreUtf8WithoutNul) {
  EXPECT_TRUE(judge_key("größe/../\xf0\x9f\x98\x80"));
  EXPECT_TRUE(judge_key(std::string(1024, 'a')));
  for (const std::string& key :
       {std::string(), std::string(1025, 'a'), std::string("a\0b", 3), std::string("\xff"),
        std::string("\xc0\xaf"), std::string("\xed\xa0\x80"), std::string("\xe2\x82"),
        std::string("\xf4\x90\x80\x80")}) {
    EXPECT_FALSE(judge_key(key));
  }
}

TEST(ObjectHeaders, FieldsSurviveTheJourney) {
  catalog::ObjectInfo object;
  object.etag = "e";
  object.fields = {{"content-type", "text/plain"}, {"x-amz-meta-name", "größe, \"x\"\n"}};
  net::Headers headers;
  write_object(headers, object);
  EXPECT_EQ(read_fields(headers).value(), object.fields);
  headers.add("holdfast-field-big", std::string(20'000, 'x'));
  EXPECT_FALSE(read_fields(headers));
}

TEST(ObjectHeaders, ConditionsJudgeWhatIsThere) {
  catalog::ObjectInfo there;
  there.etag = "e";
  net::Headers none;
  EXPECT_FALSE(condition_of(none, "x"));
  net::Headers absent;
  absent.add("If-None-Match", "*");
  EXPECT_TRUE(condition_of(absent, "x")(nullptr));
  EXPECT_EQ(condition_of(absent, "x")(&there).error().code(), ErrorCode::already_exists);
  net::Headers match;
  match.add("If-Match", "\"f\"");
  EXPECT_EQ(condition_of(match, "x")(&there).error().code(), ErrorCode::conflict);
  EXPECT_EQ(condition_of(match, "x")(nullptr).error().code(), ErrorCode::conflict);
}

}  // namespace
}  // namespace holdfast::node
