#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace holdfast {
namespace {

using namespace std::string_view_literals;

void expect_first(std::string_view text, char32_t code, std::size_t bytes) {
  const auto character = first_character(text);
  ASSERT_TRUE(character);
  EXPECT_EQ(character->code, code);
  EXPECT_EQ(character->bytes, bytes);
}

TEST(Utf8, TheEndsOfEachLengthAreRead) {
  expect_first("\0x"sv, 0, 1);
  expect_first("\x7f", 0x7f, 1);
  expect_first("\xc2\x80", 0x80, 2);
  expect_first("\xdf\xbfz", 0x7ff, 2);
  expect_first("\xe0\xa0\x80", 0x800, 3);
  expect_first("\xed\x9f\xbf", 0xd7ff, 3);
  expect_first("\xee\x80\x80", 0xe000, 3);
  expect_first("\xef\xbf\xbf", 0xffff, 3);
  expect_first("\xf0\x90\x80\x80", 0x10000, 4);
  expect_first("\xf4\x8f\xbf\xbf", 0x10ffff, 4);
}

TEST(Utf8, WhatIsNotWellFormedIsNoCharacter) {
  for (const std::string_view text :
       {"\x80"sv, "\xbf"sv,                        // Nothing that it goes on with.
        "\xc2"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv,  // Cut off.
        "\xc2z"sv, "\xe2\x82z"sv, "\xe2z\x82"sv,   // Broken off.
        "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xf0\x8f\xbf\xbf"sv,  // Overlong.
        "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv,                                  // Surrogates.
        "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xf8\x88\x80\x80\x80"sv, "\xff"sv}) {
    EXPECT_FALSE(first_character(text)) << text;
    EXPECT_FALSE(is_utf8(text)) << text;
    EXPECT_FALSE(is_utf8("ok " + std::string(text))) << text;
  }
  EXPECT_FALSE(first_character(""));
}

TEST(Utf8, WholeTextsAreJudged) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(
      is_utf8("gr\xc3\xb6\xc3\x9f"
              "e \xe2\x82\xac \xf0\x9f\x98\x80"));
}

}  // namespace
}  // namespace holdfast
