#include "gateway/s3/protocol/chunked_body.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

struct Decoded {
  std::string bytes;
  std::vector<std::string> signatures;
  std::vector<std::pair<std::string, std::string>> trailer;
  std::string trailer_signature;
  bool is_done = false;

  bool operator==(const Decoded&) const = default;
};

// Feeds `body` in pieces of `step` bytes.
Outcome<Decoded> decode(Payload payload, std::string_view body, std::size_t step) {
  ChunkedDecoder decoder(payload);
  Decoded decoded;
  while (!body.empty()) {
    auto input = as_bytes(body.substr(0, step));
    body.remove_prefix(std::min(step, body.size()));
    while (!decoder.is_done()) {
      TRY_LET(const auto piece, decoder.next(input));
      if (!piece) break;
      decoded.bytes += as_text(piece->bytes);
      if (piece->kind == ChunkedDecoder::Kind::chunk_end) {
        decoded.signatures.push_back(piece->signature);
      }
    }
    if (decoder.is_done() && !(input.empty() && body.empty())) return refuse(Code::incomplete_body);
  }
  decoded.trailer = decoder.trailer();
  decoded.trailer_signature = decoder.trailer_signature();
  decoded.is_done = decoder.is_done();
  return decoded;
}

const std::string signature_a(64, 'a');
const std::string signature_b(64, 'b');

TEST(ChunkedBody, GivesTheSameHoweverItArrives) {
  const auto body = fmt::format(
      "5;chunk-signature={}\r\nhello\r\n0;chunk-signature={}\r\nx-amz-checksum-crc32:NhCmhg==\r\n"
      "x-amz-trailer-signature:{}\r\n\r\n",
      signature_a, signature_b, signature_a);
  const Decoded expected{.bytes = "hello",
                         .signatures = {signature_a, signature_b},
                         .trailer = {{"x-amz-checksum-crc32", "NhCmhg=="}},
                         .trailer_signature = signature_a,
                         .is_done = true};
  for (const std::size_t step : {1U, 2U, 3U, 7U, 100U, 1000U}) {
    const auto decoded = decode(Payload::signed_chunks_with_trailer, body, step);
    ASSERT_TRUE(decoded) << step;
    EXPECT_EQ(*decoded, expected) << step;
  }
}

TEST(ChunkedBody, AFieldOfTheTrailerMayEndInLfCrlf) {
  const auto body = fmt::format(
      "0;chunk-signature={}\r\nx-amz-checksum-crc32:AAAAAA==\n\r\nx-amz-trailer-signature:{}"
      "\r\n\r\n",
      signature_a, signature_b);
  for (const std::size_t step : {1U, 2U, 3U, 1000U}) {
    const auto decoded = decode(Payload::signed_chunks_with_trailer, body, step);
    ASSERT_TRUE(decoded && decoded->is_done) << step;
    EXPECT_EQ(decoded->trailer.front().second, "AAAAAA==");
    EXPECT_EQ(decoded->trailer_signature, signature_b);
  }
  const auto is_refused = [&](std::string_view end) {
    const auto decoded = decode(Payload::signed_chunks_with_trailer,
                                fmt::format("0;chunk-signature={}\r\n{}", signature_a, end), 1000);
    return !decoded && decoded.error().code() == Code::incomplete_body;
  };
  EXPECT_TRUE(is_refused("a:b\nc:d\r\n\r\n"));
  EXPECT_TRUE(is_refused("a:b\r\nc:d\r\n\r\n"));
  EXPECT_TRUE(is_refused("a:b\r\n\n"));
  const auto without = decode(Payload::chunks_with_trailer, "0\r\na:b\n\r\n\r\n", 1000);
  ASSERT_TRUE(without && without->is_done);
  EXPECT_EQ(without->trailer.front().second, "b");
}

TEST(ChunkedBody, ASignedTrailerHasAField) {
  const auto body = fmt::format("0;chunk-signature={}\r\n\r\nx-amz-trailer-signature:{}\r\n\r\n",
                                signature_a, signature_b);
  for (const std::size_t step : {1U, 1000U}) {
    const auto decoded = decode(Payload::signed_chunks_with_trailer, body, step);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), Code::malformed_trailer);
  }
}

TEST(ChunkedBody, AnEmptyBodyIsOneEmptyChunk) {
  const auto decoded = decode(Payload::chunks_with_trailer, "0\r\n\r\n", 100);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->is_done);
  EXPECT_EQ(decoded->bytes, "");
}

TEST(ChunkedBody, RefusesWhatIsNotExactlyTheFormat) {
  for (const std::string_view body : {
           "A\ndummy data\r\n0\r\n\r\n",
           "A\r\ndummy data0\r\n\r\n",
           "A\r\nXYZ\r\ndummy data\r\n0\r\n\r\n",
           "B\r\ndummy data\r\n0\r\n\r\n",
           "-1\r\n\r\n",
           "\r\nA\r\n",
           "11111111111111111\r\n",
           "5 \r\nhello\r\n0\r\n\r\n",
           "0\r\n\r\nmore",
           "0\r\nno colon\r\n\r\n",
           "5;chunk-signature=aa\r\nhello\r\n",
       }) {
    const auto decoded = decode(Payload::chunks_with_trailer, body, 1000);
    ASSERT_FALSE(decoded && decoded->is_done) << body;
    if (!decoded) EXPECT_EQ(decoded.error().code(), Code::incomplete_body) << body;
  }
}

TEST(ChunkedBody, SignedChunksNeedASignatureEach) {
  for (const std::string_view body : {
           "5\r\nhello\r\n",
           "5;chunk-signature=\r\nhello\r\n",
           "5;chunk-signature=abc\r\nhello\r\n",
           "5:chunk-signature=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
       }) {
    const auto decoded = decode(Payload::signed_chunks, body, 1000);
    ASSERT_FALSE(decoded) << body;
    EXPECT_EQ(decoded.error().code(), Code::incomplete_body);
  }
}

TEST(ChunkedBody, OnlyTheLastChunkMayBeSmall) {
  const auto body_of = [](std::initializer_list<std::size_t> sizes) {
    std::string body;
    for (const auto size : sizes) {
      body += fmt::format("{:x}\r\n{}\r\n", size, std::string(size, 'x'));
    }
    return body + "0\r\n\r\n";
  };
  EXPECT_TRUE(decode(Payload::chunks_with_trailer, body_of({8192, 9000, 100}), 4096));
  const auto bad = decode(Payload::chunks_with_trailer, body_of({8192, 100, 100}), 4096);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), Code::invalid_chunk_size);
  EXPECT_EQ(bad.error().fields(),
            (std::vector<S3Error::Field>{{"Chunk", "2"}, {"BadChunkSize", "100"}}));
}

TEST(ChunkedBody, LinesAndTrailersAreBounded) {
  const std::string endless(ChunkedDecoder::line_bytes_max + 1, '0');
  EXPECT_FALSE(decode(Payload::chunks_with_trailer, endless, 100));
  std::string many = "0\r\n";
  for (std::size_t i = 0; i <= ChunkedDecoder::trailer_count_max; ++i) many += "a:b\r\n";
  const auto decoded = decode(Payload::chunks_with_trailer, many + "\r\n", 100);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), Code::malformed_trailer);
}

TEST(ChunkedBody, ATrailerWithoutANameIsMalformed) {
  const auto decoded = decode(Payload::chunks_with_trailer, "0\r\n:M3eFcAZSQlc=\r\n\r\n", 100);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), Code::malformed_trailer);
}

}  // namespace
}  // namespace holdfast::s3
