// Names, ranges, conditions, times and checksums: small rules, by table.
#include "gateway/s3/protocol/checksums.h"
#include "gateway/s3/protocol/conditions.h"
#include "gateway/s3/protocol/names.h"
#include "gateway/s3/protocol/ranges.h"
#include "gateway/s3/protocol/times.h"

#include <gtest/gtest.h>

namespace holdfast::s3 {
namespace {

template <class T>
Code code_of(const Outcome<T>& outcome) {
  return outcome ? Code::count : outcome.error().code();
}

TEST(Names, OfBuckets) {
  for (const std::string& name : {std::string("abc"), std::string("a.b-c.9"), std::string("1.2.3"),
                                  std::string(63, 'a'), std::string("my-bucket")}) {
    EXPECT_TRUE(check_bucket_name(name)) << name;
  }
  for (const std::string& name :
       {std::string("ab"), std::string(64, 'a'), std::string("Abc"), std::string("-abc"),
        std::string("abc-"), std::string("a..b"), std::string(".abc"), std::string("abc."),
        std::string("a_b"), std::string("192.168.0.1"), std::string("xn--abc"),
        std::string("abc-s3alias"), std::string("abc--ol-s3"), std::string("a b"),
        std::string("a/b")}) {
    EXPECT_EQ(code_of(check_bucket_name(name)), Code::invalid_bucket_name) << name;
  }
}

TEST(Names, KeysAreUtf8OfAtMost1024Bytes) {
  for (const std::string& key : {std::string(".."), std::string("a//b/"), std::string("../../etc"),
                                 std::string(1024, 'k'), std::string("\xF0\x9F\x98\x80 \x01")}) {
    EXPECT_TRUE(check_key(key)) << key;
  }
  EXPECT_EQ(code_of(check_key(std::string(1025, 'k'))), Code::key_too_long);
  for (const std::string& key :
       {std::string("a\0b", 3), std::string("\xFF"), std::string("\xC0\x80"),
        std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80"), std::string("\xE2\x82"),
        std::string()}) {
    EXPECT_EQ(code_of(check_key(key)), Code::invalid_uri) << key;
  }
}

TEST(Ranges, AreCutToTheObject) {
  const auto range = [](std::string_view header) { return parse_range(header, 10).value(); };
  EXPECT_EQ(range("bytes=0-0"), (Range{0, 1}));
  EXPECT_EQ(range("bytes=2-"), (Range{2, 8}));
  EXPECT_EQ(range("bytes=2-99999999999999999999"), (Range{2, 8}));
  EXPECT_EQ(range("bytes=-3"), (Range{7, 3}));
  EXPECT_EQ(range("bytes=-30"), (Range{0, 10}));
  for (const auto nonsense : {"bytes=", "bytes=-", "bytes=a-b", "bytes=3-2", "bytes=0-1,3-4",
                              "items=0-1", "bytes 0-1", "bytes=+1-2", "bytes=1--2"}) {
    EXPECT_EQ(range(nonsense), std::nullopt) << nonsense;
  }
  for (const auto outside : {"bytes=10-", "bytes=10-20", "bytes=-0"}) {
    EXPECT_EQ(code_of(parse_range(outside, 10)), Code::invalid_range) << outside;
  }
  EXPECT_EQ(code_of(parse_range("bytes=0-", 0)), Code::invalid_range);
}

TEST(Ranges, OfCopiesMustBeWholeAndInside) {
  EXPECT_EQ(parse_copy_range("bytes=2-9", 10).value(), (Range{2, 8}));
  for (const auto bad : {"bytes=2-10", "bytes=2-", "bytes=-2", "2-3", "bytes=3-2"}) {
    EXPECT_EQ(code_of(parse_copy_range(bad, 10)), Code::invalid_argument) << bad;
  }
}

TEST(Times, OfHttpInAllThreeForms) {
  const WallTime expected{std::chrono::seconds(784111777)};
  EXPECT_EQ(parse_http_time("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_time("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_time("Sun Nov  6 08:49:37 1994"), expected);
  EXPECT_EQ(parse_amz_time("19941106T084937Z"), expected);
  EXPECT_EQ(parse_iso_time("1994-11-06T08:49:37.25Z"), expected);
  EXPECT_EQ(format_http_time(expected), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_amz_time(expected), "19941106T084937Z");
  EXPECT_EQ(format_iso_time({expected.since_epoch + std::chrono::milliseconds(7)}),
            "1994-11-06T08:49:37.007Z");
  for (const auto text : {"", "Sun", "Sun,", "Sun, 31 Feb 2010 00:00:00 GMT", "yesterday",
                          "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun, 06 Nov 9999 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_time(text), std::nullopt) << text;
  }
}

const WallTime noon = *parse_http_time("Sun, 06 Nov 1994 12:00:00 GMT");
const WallTime later{noon.since_epoch + std::chrono::seconds(1)};
// Changed within the second that HTTP shows as noon.
const Subject subject{
    .etag = "abc", .modified = {noon.since_epoch + std::chrono::milliseconds(500)}, .size = 3};

TEST(Conditions, FollowTheOrderOfHttp) {
  const auto judge = [](Conditions conditions) { return code_of(judge_read(conditions, subject)); };
  EXPECT_EQ(judge({}), Code::count);
  EXPECT_EQ(judge({.if_match = "\"abc\""}), Code::count);
  EXPECT_EQ(judge({.if_match = "\"x\", \"abc\""}), Code::count);
  EXPECT_EQ(judge({.if_match = "\"x\""}), Code::precondition_failed);
  EXPECT_EQ(judge({.if_none_match = "*"}), Code::not_modified);
  EXPECT_EQ(judge({.if_none_match = "\"x\""}), Code::count);
  EXPECT_EQ(judge({.if_modified_since = noon}), Code::not_modified);
  EXPECT_EQ(judge({.if_unmodified_since = noon}), Code::count);
  const WallTime before{noon.since_epoch - std::chrono::seconds(1)};
  EXPECT_EQ(judge({.if_modified_since = before}), Code::count);
  EXPECT_EQ(judge({.if_unmodified_since = before}), Code::precondition_failed);
  // Where an ETag was asked for, the date of the same kind does not count.
  EXPECT_EQ(judge({.if_match = "abc", .if_unmodified_since = before}), Code::count);
  EXPECT_EQ(judge({.if_none_match = "x", .if_modified_since = later}), Code::count);
  EXPECT_EQ(judge({.if_none_match = "abc", .if_unmodified_since = before}),
            Code::precondition_failed);
  EXPECT_EQ(code_of(judge_copy_source({.if_none_match = "abc"}, subject)),
            Code::precondition_failed);
}

TEST(Conditions, OfRangesNameTheVeryState) {
  EXPECT_TRUE(allows_range("\"abc\"", subject));
  EXPECT_TRUE(allows_range(" abc ", subject));
  EXPECT_TRUE(allows_range(format_http_time(noon), subject));
  EXPECT_FALSE(allows_range("\"abd\"", subject));
  EXPECT_FALSE(allows_range("W/\"abc\"", subject));
  EXPECT_FALSE(allows_range("*", subject));
  EXPECT_FALSE(allows_range(format_http_time(later), subject));
}

TEST(Conditions, OfWritesAreOneAtATime) {
  EXPECT_EQ(code_of(judge_write({.if_none_match = "*"}, std::nullopt)), Code::count);
  EXPECT_EQ(code_of(judge_write({.if_none_match = "*"}, subject)), Code::precondition_failed);
  EXPECT_EQ(code_of(judge_write({.if_none_match = "abc"}, subject)), Code::not_implemented);
  EXPECT_EQ(code_of(judge_write({.if_match = "abc"}, subject)), Code::count);
  EXPECT_EQ(code_of(judge_write({.if_match = "x"}, subject)), Code::precondition_failed);
  EXPECT_EQ(code_of(judge_write({.if_match = "abc"}, std::nullopt)), Code::no_such_key);
}

TEST(Conditions, UnreadableAndFutureDatesAreIgnored) {
  net::Headers headers;
  headers.add("If-Modified-Since", "Sun, 06 Nov 1994 12:00:01 GMT");
  headers.add("If-Unmodified-Since", "whenever");
  const auto conditions = Conditions::read(headers, "", noon);
  EXPECT_EQ(conditions.if_modified_since, std::nullopt);
  EXPECT_EQ(conditions.if_unmodified_since, std::nullopt);
}

TEST(Checksums, OfPartsMakeThatOfTheWhole) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (const auto kind : checksum_kinds) {
    ChecksumState whole(kind);
    whole.update(as_bytes(text));
    const auto expected = whole.finish();
    EXPECT_TRUE(is_checksum(kind, expected));
    if (!can_combine(kind)) continue;
    std::vector<PartChecksum> parts;
    for (const auto& part : {text.substr(0, 1), text.substr(1, 20), text.substr(21)}) {
      ChecksumState state(kind);
      state.update(as_bytes(part));
      parts.push_back({state.finish(), part.size()});
    }
    EXPECT_EQ(combine_checksums(kind, ChecksumForm::full_object, parts), expected);
  }
}

TEST(Checksums, HaveTheValuesThatS3Shows) {
  const auto of = [](ChecksumKind kind) {
    ChecksumState state(kind);
    state.update(as_bytes("hello"));
    return state.finish();
  };
  EXPECT_EQ(of(ChecksumKind::crc32), "NhCmhg==");
  EXPECT_EQ(of(ChecksumKind::crc64nvme), "M3eFcAZSQlc=");
  EXPECT_EQ(of(ChecksumKind::sha1), "qvTGHdzF6KLavt4PO0gs2a6pQ00=");
  EXPECT_EQ(of(ChecksumKind::sha256), "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
  EXPECT_EQ(of(ChecksumKind::md5), "XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(
      of(ChecksumKind::sha512),
      "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==");
}

TEST(Errors, EveryCodeHasANameAStatusAndAMessage) {
  for (int i = 0; i < static_cast<int>(Code::count); ++i) {
    const auto description = describe(static_cast<Code>(i));
    EXPECT_FALSE(description.name.empty());
    EXPECT_FALSE(description.message.empty());
    EXPECT_GE(description.status, 304U);
  }
}

}  // namespace
}  // namespace holdfast::s3
