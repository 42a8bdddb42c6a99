#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace holdfast {
namespace {

TEST(NumberTest, DigitsAreANumber) {
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number<std::uint64_t>("007"), 7U);
  EXPECT_EQ(parse_number<std::int32_t>("-7"), -7);
  EXPECT_EQ(parse_number<std::uint64_t>("00000000000000fF", 16), 255U);
}

TEST(NumberTest, AllElseIsNone) {
  for (const char* text : {"", "-", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1a"}) {
    EXPECT_FALSE(parse_number<std::uint64_t>(text)) << text;
  }
  EXPECT_FALSE(parse_number<std::int64_t>("+1"));
}

TEST(NumberTest, WhatDoesNotFitIsNone) {
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535U);
  EXPECT_FALSE(parse_number<std::uint16_t>("65536"));
  EXPECT_FALSE(parse_number<std::uint64_t>("18446744073709551616"));
}

}  // namespace
}  // namespace holdfast
