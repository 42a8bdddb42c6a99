#include "wire/envelope.h"

#include "codec/checksum.h"
#include "wire/writer.h"

#include <gtest/gtest.h>

namespace holdfast::wire {
namespace {

constexpr Format format{.magic = "HFTESTIT", .version = 2};

TEST(EnvelopeTest, GivesBackThePayload) {
  const Bytes bytes = enclose(format, as_bytes("payload"));
  const auto opened = open_envelope(format, bytes);
  EXPECT_EQ(opened.value().version, 2);
  EXPECT_EQ(as_text(opened.value().payload), "payload");
}

TEST(EnvelopeTest, OldVersionsAreReadAndNewerOnesRefused) {
  const Bytes bytes = enclose(format, {});
  EXPECT_EQ(open_envelope({.magic = format.magic, .version = 3}, bytes).value().version, 2);
  EXPECT_EQ(open_envelope({.magic = format.magic, .version = 1}, bytes).error().code(),
            ErrorCode::unsupported);
}

TEST(EnvelopeTest, AnotherKindIsRefused) {
  const Bytes bytes = enclose(format, {});
  EXPECT_EQ(open_envelope({.magic = "HFOTHERS"}, bytes).error().code(), ErrorCode::corrupt);
}

TEST(EnvelopeTest, EveryFlippedBitAndEveryCutIsNoticed) {
  const Bytes bytes = enclose(format, as_bytes("payload"));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_EQ(open_envelope(format, damaged).error().code(), ErrorCode::corrupt) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(open_envelope(format, ByteView(bytes).first(size))) << size;
  }
}

TEST(EnvelopeTest, AnUnknownFeatureIsRefused) {
  Bytes bytes = enclose(format, {});
  bytes[12] = std::byte{1};
  Writer checksum;
  checksum.put_u32(codec::crc32c(ByteView(bytes).first(24)));
  std::ranges::copy(checksum.view(), bytes.begin() + 24);
  EXPECT_EQ(open_envelope(format, bytes).error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace holdfast::wire
