// The examples of "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference.
#include "gateway/s3/protocol/sigv4.h"

#include "base/hex.h"
#include "gateway/s3/protocol/times.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

constexpr auto key_id = "AKIAIOSFODNN7EXAMPLE";
constexpr auto secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr auto region = "us-east-1";
constexpr auto hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const WallTime signed_at = *parse_amz_time("20130524T000000Z");

net::Request example(std::string method, std::string target, std::string_view hash) {
  net::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.add("Host", "examplebucket.s3.amazonaws.com");
  request.headers.add("x-amz-date", "20130524T000000Z");
  request.headers.add("x-amz-content-sha256", std::string(hash));
  return request;
}

void authorize(net::Request& request, std::string_view headers, std::string_view signature) {
  request.headers.set(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/20130524/us-east-1/s3/aws4_request,"
                  "SignedHeaders={},Signature={}",
                  key_id, headers, signature));
}

Outcome<void> judge(const net::Request& request, WallTime now = signed_at) {
  const std::vector<std::string> domains{"s3.amazonaws.com"};
  TRY_LET(const Target target, parse_target(request, domains));
  TRY_LET(const auto authorization, read_authorization(request, target, region, now));
  if (!authorization) return refuse(Code::access_denied);
  const auto key = derive_signing_key(secret, authorization->date, authorization->region);
  return verify(*authorization, request, target, key);
}

Code code_of(const Outcome<void>& outcome) {
  return outcome ? Code::count : outcome.error().code();
}

TEST(SigV4, AcceptsAGetWithARange) {
  auto request = example("GET", "/test.txt", hash_of_nothing);
  request.headers.add("Range", "bytes=0-9");
  authorize(request, "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_TRUE(judge(request));
}

TEST(SigV4, AcceptsAPutWhoseKeyNeedsEncoding) {
  auto request = example("PUT", "/test$file.text",
                         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  request.headers.add("Date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
  authorize(request, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_TRUE(judge(request));
}

TEST(SigV4, AcceptsSubResourcesAndQueriesInAnyOrder) {
  auto lifecycle = example("GET", "/?lifecycle", hash_of_nothing);
  authorize(lifecycle, "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_TRUE(judge(lifecycle));
  auto listing = example("GET", "/?prefix=J&max-keys=2", hash_of_nothing);
  authorize(listing, "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  EXPECT_TRUE(judge(listing));
}

net::Request presigned(std::string_view expires = "86400") {
  net::Request request;
  request.method = "GET";
  request.target = fmt::format(
      "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F20130524%2Fus-east-1%2Fs3"
      "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires={}&X-Amz-SignedHeaders=host"
      "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
      key_id, expires);
  request.headers.add("Host", "examplebucket.s3.amazonaws.com");
  return request;
}

TEST(SigV4, PresignedUrlsLiveAsLongAsTheySay) {
  using std::chrono::seconds;
  EXPECT_TRUE(judge(presigned()));
  EXPECT_TRUE(judge(presigned(), {signed_at.since_epoch + seconds(86400)}));
  const auto late = judge(presigned(), {signed_at.since_epoch + seconds(86401)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::access_denied);
  EXPECT_EQ(late.error().message(), "Request has expired.");
  EXPECT_EQ(code_of(judge(presigned(), {signed_at.since_epoch - seconds(901)})),
            Code::access_denied);
  EXPECT_EQ(code_of(judge(presigned("86401"))), Code::signature_does_not_match);
  EXPECT_EQ(code_of(judge(presigned("604801"))), Code::authorization_query_parameters);
  EXPECT_EQ(code_of(judge(presigned("-1"))), Code::authorization_query_parameters);
  EXPECT_EQ(code_of(judge(presigned("soon"))), Code::authorization_query_parameters);
}

TEST(SigV4, AHashThatNobodySignedProtectsNoBody) {
  auto request = presigned();
  request.headers.add("x-amz-content-sha256", std::string(64, '0'));
  EXPECT_TRUE(judge(request));
  const auto target = parse_target(request, {}).value();
  const auto found = read_authorization(request, target, region, signed_at).value();
  EXPECT_EQ(found->payload, Payload::not_signed);
}

TEST(SigV4, RefusesWhateverWasChangedOnTheWay) {
  const auto make = [] {
    auto request = example("GET", "/test.txt", hash_of_nothing);
    request.headers.add("Range", "bytes=0-9");
    authorize(request, "host;range;x-amz-content-sha256;x-amz-date",
              "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    return request;
  };
  auto request = make();
  request.method = "DELETE";
  EXPECT_EQ(code_of(judge(request)), Code::signature_does_not_match);
  request = make();
  request.target = "/test.txt?uploads";
  EXPECT_EQ(code_of(judge(request)), Code::signature_does_not_match);
  request = make();
  request.headers.set("Range", "bytes=0-8");
  EXPECT_EQ(code_of(judge(request)), Code::signature_does_not_match);
  request = make();
  request.headers.add("x-amz-meta-added", "1");
  EXPECT_EQ(code_of(judge(request)), Code::access_denied);
}

TEST(SigV4, RefusesClocksThatAreMoreThanAQuarterOfAnHourApart) {
  auto request = example("GET", "/?lifecycle", hash_of_nothing);
  authorize(request, "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  const auto at = [&](int seconds) {
    return code_of(judge(request, {signed_at.since_epoch + std::chrono::seconds(seconds)}));
  };
  EXPECT_EQ(at(900), Code::count);
  EXPECT_EQ(at(-900), Code::count);
  EXPECT_EQ(at(901), Code::request_time_too_skewed);
  EXPECT_EQ(at(-901), Code::request_time_too_skewed);
}

TEST(SigV4, NamesWhatIsWrongWithAnAuthorization) {
  const auto judge_header = [](std::string header) {
    auto request = example("GET", "/", hash_of_nothing);
    request.headers.set("Authorization", std::move(header));
    const auto outcome = judge(request);
    return outcome ? std::string() : outcome.error().message();
  };
  constexpr std::string_view malformed = "The authorization header is malformed; ";
  const std::string good = "AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request,";
  EXPECT_EQ(judge_header("AWS4-HMAC-SHA256"),
            "Authorization header is invalid -- one and only one ' ' (space) required.");
  EXPECT_EQ(judge_header("Basic dXNlcg=="), "Unsupported Authorization Type");
  EXPECT_EQ(judge_header(good + "SignedHeaders=host"),
            std::string(malformed) +
                "the authorization header requires three components: Credential, SignedHeaders, "
                "and Signature.");
  EXPECT_EQ(judge_header(good + "SignedHeaders=host,Signature="),
            std::string(malformed) + "missing Signature.");
  EXPECT_EQ(judge_header("AWS4-HMAC-SHA256 Credential=a/20130524/mars/s3/aws4_request,"
                         "SignedHeaders=host,Signature=0"),
            std::string(malformed) + "the region \"mars\" is wrong; expecting \"us-east-1\"");
}

TEST(SigV4, ARequestWithoutAnyClaimIsAnonymous) {
  auto request = example("GET", "/", hash_of_nothing);
  const auto target = parse_target(request, {});
  const auto found = read_authorization(request, *target, region, signed_at);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(SigV4, AKeyIsDerivedAnewWhenItsSecretChanges) {
  SigningKeys keys;
  Authorization authorization;
  authorization.access_key = key_id;
  authorization.date = "20130524";
  authorization.region = region;
  const auto first = keys.find(authorization, secret);
  EXPECT_EQ(first, derive_signing_key(secret, "20130524", region));
  EXPECT_EQ(keys.find(authorization, "another"), derive_signing_key("another", "20130524", region));
}

struct Streamed {
  Authorization authorization;
  SigningKey key = derive_signing_key(secret, "20130524", region);

  explicit Streamed(std::string_view seed) {
    authorization.access_key = key_id;
    authorization.date = "20130524";
    authorization.region = region;
    authorization.timestamp = "20130524T000000Z";
    authorization.signature = seed;
  }
};

codec::Sha256::Value hash_of(std::size_t count) {
  return codec::Sha256::of(as_bytes(std::string(count, 'a')));
}

TEST(SigV4, ChunksAreSignedInAChain) {
  const Streamed example_put("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  ChunkSignatures chunks(example_put.authorization, example_put.key);
  EXPECT_TRUE(chunks.verify_chunk(
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", hash_of(65536)));
  EXPECT_TRUE(chunks.verify_chunk(
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", hash_of(1024)));
  EXPECT_TRUE(chunks.verify_chunk(
      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", hash_of(0)));
}

TEST(SigV4, AChunkOutOfPlaceBreaksTheChain) {
  const Streamed example_put("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  ChunkSignatures chunks(example_put.authorization, example_put.key);
  EXPECT_EQ(code_of(chunks.verify_chunk(
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", hash_of(1024))),
            Code::signature_does_not_match);
}

TEST(SigV4, TrailersAreSignedAfterTheLastChunk) {
  const Streamed example_put("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  ChunkSignatures chunks(example_put.authorization, example_put.key);
  EXPECT_TRUE(chunks.verify_chunk(
      "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2", hash_of(65536)));
  EXPECT_TRUE(chunks.verify_chunk(
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7", hash_of(1024)));
  EXPECT_TRUE(chunks.verify_chunk(
      "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992", hash_of(0)));
  EXPECT_TRUE(
      chunks.verify_trailer("d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
                            "x-amz-checksum-crc32c:sOO8/Q==\n"));
}

}  // namespace
}  // namespace holdfast::s3
