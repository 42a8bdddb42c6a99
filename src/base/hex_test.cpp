#include "base/hex.h"
#include "base/id.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(HexTest, BytesSurviveTheRoundTrip) {
  const Bytes bytes{std::byte{0}, std::byte{0x7f}, std::byte{0xff}};
  EXPECT_EQ(to_hex(bytes), "007fff");
  EXPECT_EQ(from_hex("007FfF").value(), bytes);
}

TEST(HexTest, WhatIsNotHexadecimalIsInvalid) {
  EXPECT_EQ(from_hex("0").error().code(), ErrorCode::invalid);
  EXPECT_EQ(from_hex("0g").error().code(), ErrorCode::invalid);
}

TEST(IdTest, IdsCompareByTheirBytes) {
  const auto one = SegmentId::from(Bytes(16, std::byte{1}));
  const auto two = SegmentId::from(Bytes(16, std::byte{2}));
  EXPECT_LT(one, two);
  EXPECT_EQ(to_string(one), "01010101010101010101010101010101");
  EXPECT_TRUE(SegmentId().is_zero());
}

}  // namespace
}  // namespace holdfast
