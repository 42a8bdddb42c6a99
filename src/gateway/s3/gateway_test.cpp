// The gateway as a client sees it, over a real catalog and vault.
#include "gateway/s3/gateway_test.h"

#include "base/hex.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "gateway/s3/protocol/checksums.h"

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

std::string md5_of(std::string_view text) {
  return to_hex(codec::Md5::of(as_bytes(text)));
}

std::string checksum_of(ChecksumKind kind, std::string_view text) {
  ChecksumState state(kind);
  state.update(as_bytes(text));
  return state.finish();
}

TEST_F(GatewayTest, StoresAndGivesBackBytesAndMetadata) {
  EXPECT_EQ(put("/photos", "").status, 200U);
  const auto stored = put("/photos/a/b.txt", "hello",
                          {{"Content-Type", "text/plain"},
                           {"x-amz-meta-Who", "me"},
                           {"Content-Encoding", "aws-chunked,gzip"},
                           {"Cache-Control", "no-store"}});
  EXPECT_EQ(stored.status, 200U);
  EXPECT_EQ(stored.header("ETag"), "\"" + md5_of("hello") + "\"");
  EXPECT_EQ(stored.header("x-amz-checksum-crc64nvme"), "M3eFcAZSQlc=");
  EXPECT_EQ(stored.header("x-amz-request-id").size(), 16U);

  const auto read = get("/photos/a/b.txt", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(read.status, 200U);
  EXPECT_EQ(read.body, "hello");
  EXPECT_EQ(read.header("Content-Type"), "text/plain");
  EXPECT_EQ(read.header("Content-Encoding"), "gzip");
  EXPECT_EQ(read.header("x-amz-meta-who"), "me");
  EXPECT_EQ(read.header("Cache-Control"), "no-store");
  EXPECT_EQ(read.header("x-amz-checksum-crc64nvme"), "M3eFcAZSQlc=");
  EXPECT_EQ(read.header("x-amz-checksum-type"), "FULL_OBJECT");

  const auto head = send({.method = "HEAD", .target = "/photos/a/b.txt"});
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("ETag"), stored.header("ETag"));
}

TEST_F(GatewayTest, KeysAreBytesAndNeverPaths) {
  put("/photos", "");
  for (const auto key : {"..", "../..//etc", "a//b/", "a%00", "%FF", "%E2%98%83"}) {
    const auto answer = put(std::string("/photos/") + key, "x");
    const bool is_legal = std::string_view(key) != "a%00" && std::string_view(key) != "%FF";
    EXPECT_EQ(answer.status, is_legal ? 200U : 400U) << key;
    if (is_legal) EXPECT_EQ(get(std::string("/photos/") + key).body, "x") << key;
  }
}

TEST_F(GatewayTest, LargeBodiesArriveWhole) {
  put("/photos", "");
  for (const std::size_t size : {0U, 16'384U, 16'385U, 262'144U, 262'145U, 3'000'000U}) {
    const auto bytes = noise(size);
    ASSERT_EQ(put("/photos/big", bytes).status, 200U) << size;
    const auto read = get("/photos/big");
    EXPECT_TRUE(read.body == bytes) << size;
    EXPECT_EQ(read.header("ETag"), "\"" + md5_of(bytes) + "\"") << size;
  }
}

TEST_F(GatewayTest, EveryFormOfPayloadGivesTheSameObject) {
  put("/photos", "");
  for (const std::size_t size : {0U, 5U, 10'000U, 700'001U}) {
    const auto bytes = noise(size);
    const auto trailer = "x-amz-checksum-crc32c:" + checksum_of(ChecksumKind::crc32c, bytes);
    for (const auto payload :
         {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
          "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "UNSIGNED-PAYLOAD"}) {
      const bool is_chunked = std::string_view(payload).starts_with("STREAMING");
      const bool has_trailer = std::string_view(payload).ends_with("TRAILER");
      Ask ask{.method = "PUT", .target = "/photos/k", .payload = payload};
      if (is_chunked) {
        ask.headers.emplace_back("x-amz-decoded-content-length", std::to_string(size));
      }
      if (has_trailer) ask.headers.emplace_back("x-amz-trailer", "x-amz-checksum-crc32c");
      auto made = sign(ask);
      const auto body =
          is_chunked ? encode_chunks(made, bytes, 65'536, has_trailer ? trailer : "") : bytes;
      made.request.content_length = body.size();
      const auto answer = deliver(made.request, body);
      ASSERT_EQ(answer.status, 200U) << payload << ' ' << size << answer.body;
      EXPECT_TRUE(get("/photos/k").body == bytes) << payload << ' ' << size;
      if (has_trailer) {
        EXPECT_EQ("x-amz-checksum-crc32c:" + answer.header("x-amz-checksum-crc32c"), trailer);
      }
    }
  }
}

TEST_F(GatewayTest, ABodyThatIsNotWhatWasSignedStoresNothing) {
  put("/photos", "");
  const auto bytes = noise(100'000);
  Ask ask{.method = "PUT",
          .target = "/photos/k",
          .headers = {{"x-amz-decoded-content-length", "100000"}},
          .payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"};
  const auto made = sign(ask);
  auto body = encode_chunks(made, bytes, 65'536);
  body[70'000] = static_cast<char>(body[70'000] ^ 1);
  auto request = made.request;
  request.content_length = body.size();
  EXPECT_EQ(deliver(request, body).code(), "SignatureDoesNotMatch");

  auto hashed = sign({.method = "PUT", .target = "/photos/k", .body = bytes});
  auto changed = bytes;
  changed[5] = static_cast<char>(changed[5] ^ 1);
  EXPECT_EQ(deliver(hashed.request, changed).code(), "XAmzContentSHA256Mismatch");

  EXPECT_EQ(put("/photos/k", "a", {{"Content-MD5", codec::to_base64(Bytes(16))}}).code(),
            "BadDigest");
  EXPECT_EQ(put("/photos/k", "a", {{"Content-MD5", "nonsense"}}).code(), "InvalidDigest");
  EXPECT_EQ(put("/photos/k", "a", {{"x-amz-checksum-crc32", "AAAAAA=="}}).code(), "BadDigest");
  EXPECT_EQ(put("/photos/k", "a", {{"x-amz-checksum-crc32", "AAAA"}}).code(), "InvalidRequest");
  EXPECT_EQ(send({.method = "PUT", .target = "/photos/k", .body = "abc", .announced = 10}).code(),
            "IncompleteBody");
  EXPECT_EQ(get("/photos/k").code(), "NoSuchKey");
}

TEST_F(GatewayTest, BodiesInChunksMustBeAsLongAsTheySay) {
  put("/photos", "");
  for (const auto announced : {"4", "6", "100000"}) {
    Ask ask{.method = "PUT",
            .target = "/photos/k",
            .headers = {{"x-amz-decoded-content-length", announced}},
            .payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"};
    const auto answer = send([&] {
      ask.body = "5\r\nhello\r\n0\r\n\r\n";
      return ask;
    }());
    EXPECT_EQ(answer.code(), "IncompleteBody") << announced;
  }
}

TEST_F(GatewayTest, RangesAndPartNumbers) {
  put("/photos", "");
  put("/photos/k", "0123456789");
  const auto part = get("/photos/k", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.header("Content-Range"), "bytes 2-4/10");
  const auto past = get("/photos/k", {{"Range", "bytes=10-"}});
  EXPECT_EQ(past.status, 416U);
  EXPECT_EQ(past.code(), "InvalidRange");
  EXPECT_EQ(get("/photos/k", {{"Range", "bytes=0-1,3-4"}}).status, 200U);
  EXPECT_EQ(get("/photos/k?partNumber=1").body, "0123456789");
  EXPECT_EQ(get("/photos/k?partNumber=2").code(), "InvalidPartNumber");
  put("/photos/nothing", "");
  EXPECT_EQ(get("/photos/nothing", {{"Range", "bytes=-1"}}).status, 200U);
  EXPECT_EQ(get("/photos/nothing", {{"Range", "bytes=0-"}}).code(), "InvalidRange");
}

TEST_F(GatewayTest, ConditionsOnReadsAndWrites) {
  put("/photos", "");
  const auto first = put("/photos/k", "one", {{"If-None-Match", "*"}});
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(put("/photos/k", "two", {{"If-None-Match", "*"}}).status, 412U);
  EXPECT_EQ(put("/photos/k", "two", {{"If-Match", "\"nothing\""}}).code(), "PreconditionFailed");
  EXPECT_EQ(get("/photos/k").body, "one");
  EXPECT_EQ(put("/photos/k", "two", {{"If-Match", first.header("ETag")}}).status, 200U);
  EXPECT_EQ(put("/photos/other", "x", {{"If-Match", first.header("ETag")}}).code(), "NoSuchKey");
  const auto etag = get("/photos/k").header("ETag");
  const auto unchanged = get("/photos/k", {{"If-None-Match", etag}});
  EXPECT_EQ(unchanged.status, 304U);
  EXPECT_EQ(unchanged.header("ETag"), etag);
  EXPECT_EQ(unchanged.body, "");
  EXPECT_EQ(get("/photos/k", {{"If-Match", "\"x\""}}).status, 412U);
}

TEST_F(GatewayTest, NobodyTouchesBucketsOfOthers) {
  put("/photos", "");
  put("/photos/k", "mine");
  const auto as = [&](std::string user, std::string method, std::string target) {
    return send(
        {.method = std::move(method), .target = std::move(target), .user = std::move(user)});
  };
  for (const auto method : {"GET", "HEAD", "PUT", "DELETE"}) {
    EXPECT_EQ(as("bob", method, "/photos/k").status, 403U) << method;
    EXPECT_EQ(as("", method, "/photos/k").status, 403U) << method;
    EXPECT_EQ(as("mallory", method, "/photos/k").status, 403U) << method;
  }
  EXPECT_EQ(as("bob", "GET", "/photos").code(), "AccessDenied");
  EXPECT_EQ(as("mallory", "GET", "/photos").code(), "InvalidAccessKeyId");
  EXPECT_EQ(as("bob", "DELETE", "/photos").code(), "AccessDenied");
  EXPECT_EQ(as("bob", "PUT", "/photos").code(), "BucketAlreadyExists");
  EXPECT_EQ(as("alice", "PUT", "/photos").code(), "BucketAlreadyOwnedByYou");
  EXPECT_EQ(as("bob", "GET", "/").body.find("photos"), std::string::npos);
  EXPECT_NE(as("root", "GET", "/").body.find("photos"), std::string::npos);
  EXPECT_EQ(as("root", "GET", "/photos/k").body, "mine");
  put("/photos/k2", "x");
  const auto stolen = send({.method = "PUT", .target = "/loot", .user = "bob"});
  EXPECT_EQ(stolen.status, 200U);
  EXPECT_EQ(send({.method = "PUT",
                  .target = "/loot/k",
                  .headers = {{"x-amz-copy-source", "/photos/k"}},
                  .user = "bob"})
                .code(),
            "AccessDenied");
}

TEST_F(GatewayTest, WhatIsNotServedTouchesNothing) {
  put("/photos", "");
  put("/photos/k", "before");
  for (const auto sub : {"tagging", "acl", "retention", "unheard-of"}) {
    EXPECT_EQ(put(std::string("/photos/k?") + sub, "after").status, 501U) << sub;
  }
  EXPECT_EQ(put("/photos/k", "after", {{"x-amz-tagging", "a=b"}}).status, 501U);
  EXPECT_EQ(put("/photos/k", "after", {{"x-amz-server-side-encryption", "AES256"}}).status, 501U);
  EXPECT_EQ(get("/photos/k").body, "before");
}

TEST_F(GatewayTest, ErrorsNameTheRequest) {
  const auto answer = get("/photos/k%26");
  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(answer.code(), "NoSuchBucket");
  EXPECT_EQ(answer.element("BucketName"), "photos");
  EXPECT_EQ(answer.element("Resource"), "/photos/k%26");
  EXPECT_EQ(answer.element("RequestId"), answer.header("x-amz-request-id"));
  EXPECT_EQ(send({.method = "HEAD", .target = "/photos"}).body, "");
}

TEST_F(GatewayTest, ALockedVaultAnswersUnavailable) {
  is_serving = false;
  const auto answer = get("/");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.code(), "ServiceUnavailable");
}

TEST_F(GatewayTest, DeletesOneAndMany) {
  put("/photos", "");
  for (const auto key : {"a", "b", "c"}) put(std::string("/photos/") + key, key);
  EXPECT_EQ(send({.method = "DELETE", .target = "/photos/a"}).status, 204U);
  EXPECT_EQ(send({.method = "DELETE", .target = "/photos/a"}).status, 204U);
  EXPECT_EQ(send({.method = "DELETE", .target = "/photos"}).code(), "BucketNotEmpty");
  const std::string body =
      "<Delete><Object><Key>b</Key></Object><Object><Key>c</Key><ETag>\"x\"</ETag></Object>"
      "</Delete>";
  const auto md5 = codec::to_base64(codec::Md5::of(as_bytes(body)));
  const auto many = send({.method = "POST",
                          .target = "/photos?delete",
                          .headers = {{"Content-MD5", md5}},
                          .body = body});
  EXPECT_EQ(many.status, 200U);
  EXPECT_NE(many.body.find("<Deleted><Key>b</Key></Deleted>"), std::string::npos) << many.body;
  EXPECT_EQ(many.element("Code"), "PreconditionFailed");
  EXPECT_EQ(get("/photos/b").status, 404U);
  EXPECT_EQ(get("/photos/c").status, 200U);
  EXPECT_EQ(send({.method = "POST", .target = "/photos?delete", .body = body}).code(),
            "InvalidRequest");
}

TEST_F(GatewayTest, CopiesShareContentAndKeepOrReplaceMetadata) {
  put("/photos", "");
  const auto bytes = noise(200'000);
  put("/photos/from", bytes, {{"x-amz-meta-a", "1"}});
  const auto copied = put("/photos/to", "", {{"x-amz-copy-source", "/photos/from"}});
  EXPECT_EQ(copied.status, 200U);
  EXPECT_NE(copied.body.find(md5_of(bytes)), std::string::npos);
  const auto read = get("/photos/to");
  EXPECT_TRUE(read.body == bytes);
  EXPECT_EQ(read.header("x-amz-meta-a"), "1");
  EXPECT_EQ(put("/photos/to", "", {{"x-amz-copy-source", "photos/to"}}).code(), "InvalidRequest");
  EXPECT_EQ(put("/photos/to", "",
                {{"x-amz-copy-source", "photos/to"},
                 {"x-amz-metadata-directive", "REPLACE"},
                 {"x-amz-meta-b", "2"}})
                .status,
            200U);
  EXPECT_EQ(get("/photos/to").header("x-amz-meta-b"), "2");
  EXPECT_EQ(get("/photos/to").header("x-amz-meta-a"), "");
  EXPECT_EQ(put("/photos/to", "",
                {{"x-amz-copy-source", "photos/from"}, {"x-amz-copy-source-if-match", "\"x\""}})
                .code(),
            "PreconditionFailed");
  EXPECT_EQ(put("/photos/to", "", {{"x-amz-copy-source", "photos/none"}}).code(), "NoSuchKey");
}

TEST_F(GatewayTest, WhereAWebsiteWouldRedirectIsToldAndNotCopied) {
  const std::string name = "x-amz-website-redirect-location";
  put("/photos", "");
  EXPECT_EQ(put("/photos/k", "x", {{name, "/there"}}).status, 200U);
  EXPECT_EQ(get("/photos/k").header(name), "/there");
  EXPECT_EQ(put("/photos/k", "x", {{name, "ftp://there"}}).code(), "InvalidRedirectLocation");
  EXPECT_EQ(put("/photos/to", "", {{"x-amz-copy-source", "photos/k"}}).status, 200U);
  EXPECT_EQ(get("/photos/to").header(name), "");
  EXPECT_EQ(put("/photos/to", "", {{"x-amz-copy-source", "photos/to"}, {name, "/here"}}).status,
            200U);
  EXPECT_EQ(get("/photos/to").header(name), "/here");
}

TEST_F(GatewayTest, MetadataIsBounded) {
  put("/photos", "");
  EXPECT_EQ(put("/photos/k", "x", {{"x-amz-meta-a", std::string(2047, 'v')}}).status, 200U);
  EXPECT_EQ(put("/photos/k", "x", {{"x-amz-meta-a", std::string(2048, 'v')}}).code(),
            "MetadataTooLarge");
  const auto answer = get("/photos/k", {{"x-of-whoever", std::string(8192, 'v')}});
  EXPECT_EQ(answer.code(), "RequestHeaderSectionTooLarge");
  EXPECT_EQ(answer.element("MaxSizeAllowed"), "8192");
}

TEST_F(GatewayTest, ResponseOverridesAreHeadersAndNothingElse) {
  put("/photos", "");
  put("/photos/k", "x");
  EXPECT_EQ(get("/photos/k?response-content-type=a%2Fb").header("Content-Type"), "a/b");
  EXPECT_EQ(get("/photos/k?response-content-type=a%0D%0AX:1").code(), "InvalidArgument");
}

}  // namespace
}  // namespace holdfast::s3
