#include "cli/session/format.h"

#include "cli/session/content_type.h"
#include "cli/session/progress.h"
#include "cli/session/table.h"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

TEST(Format, BytesHaveTheUnitThatMakesThemShort) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(345 * gib), "345 GiB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(Format, DurationsAndCounts) {
  EXPECT_EQ(format_duration(7s), "0:07");
  EXPECT_EQ(format_duration(3723s), "1:02:03");
  EXPECT_EQ(format_duration(72h), "3 days");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(12), "12");
  EXPECT_EQ(count_of(1, "file", "files"), "1 file");
}

TEST(Format, CuttingCountsCharactersNotBytes) {
  EXPECT_EQ(columns_of("größe"), 5U);
  EXPECT_EQ(cut_to("größe", 5), "größe");
  EXPECT_EQ(cut_to("größer", 5), "größ…");
  EXPECT_EQ(cut_to("abc", 0), "");
}

TEST(Table, FitsTheWidthAndKeepsNumbersWhole) {
  Table table({{"name", "NAME"}, {"size", "SIZE", Shows::bytes}, {"secret", "", Shows::text}});
  table.add({std::string(100, 'x'), std::uint64_t{1536}, std::string("hidden")});
  table.add({std::string("short"), std::uint64_t{2}, std::string("hidden")});
  const std::string text = table.to_text(40);
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    EXPECT_LE(columns_of(text.substr(start, end - start)), 40U);
    start = end + 1;
  }
  EXPECT_NE(text.find("1.5 KiB"), std::string::npos);
  EXPECT_EQ(text.find("hidden"), std::string::npos);
  EXPECT_NE(table.to_text(0).find(std::string(100, 'x')), std::string::npos);
}

TEST(Table, JsonHasEveryColumnUnderItsName) {
  Table table({{"name", "NAME"}, {"on", "ON", Shows::toggle}, {"at", "AT", Shows::time}});
  EXPECT_EQ(table.to_json(), "[]\n");
  table.add({std::string("a\"b"), true, WallTime{1s}});
  EXPECT_EQ(table.to_json(),
            "[\n  {\"name\": \"a\\\"b\", \"on\": true, \"at\": \"1970-01-01T00:00:01Z\"}\n]\n");
}

TEST(Progress, TheLineTellsTimeLeftOnceAllIsFound) {
  ProgressFacts facts{.files = 12,
                      .files_expected = 34,
                      .bytes = 512 * mib,
                      .bytes_expected = 1024 * mib,
                      .rate = 64.0 * mib,
                      .is_complete = true};
  EXPECT_EQ(progress_line(facts, 200),
            "12 of 34 files   512 MiB of 1.0 GiB   50 %   64.0 MiB/s   0:08 left");
  EXPECT_LE(columns_of(progress_line(facts, 40)), 40U);
  facts.is_complete = false;
  EXPECT_EQ(progress_line(facts, 200), "12 of 34+ files   512 MiB of 1.0 GiB+   64.0 MiB/s");
}

TEST(ContentType, GoesByTheEndingInEitherCase) {
  EXPECT_EQ(content_type_of("a/b.JPG"), "image/jpeg");
  EXPECT_EQ(content_type_of("index.html"), "text/html");
  EXPECT_EQ(content_type_of("a.zst"), "application/zstd");
  EXPECT_EQ(content_type_of("README"), "");
  EXPECT_EQ(content_type_of("a.html/b"), "");
  EXPECT_EQ(content_type_of("a."), "");
}

TEST(Format, ControlCharactersAreShownInsteadOfObeyed) {
  EXPECT_EQ(without_controls("a\x1b[31mb\r\n\tc\x7f", Controls::none),
            "a\\u001b[31mb\\r\\n\\tc\\u007f");
  EXPECT_EQ(without_controls("a\n\tb\r\x08", Controls::lines), "a\n\tb\\r\\u0008");
  EXPECT_EQ(without_controls("\xc2\x9b"
                             "2J",
                             Controls::lines),
            "\\u009b2J");
  EXPECT_EQ(without_controls("gr\xc3\xb6\xc3\x9f"
                             "e \xc2\xa7 \xc2",
                             Controls::none),
            "gr\xc3\xb6\xc3\x9f"
            "e \xc2\xa7 \xc2");
}

TEST(Format, WhatTurnsTextOrShowsNothingIsShownByItsNumber) {
  const auto shown = [](std::string_view text) { return without_controls(text, Controls::lines); };
  EXPECT_EQ(shown("a\u202egpj.exe"), "a\\u202egpj.exe");
  for (const char* mark : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d",
                           "\u2066", "\u2067", "\u2068", "\u2069", "\u200b", "\u2060", "\ufeff",
                           "\u00ad", "\u2028", "\u2029", "\u3164", "\u180e"}) {
    EXPECT_TRUE(shown(mark).starts_with("\\u")) << shown(mark);
    EXPECT_EQ(shown(mark).size(), 6U) << shown(mark);
  }
  EXPECT_EQ(shown("a\U000e0041"), "a\\udb40\\udc41");
  EXPECT_EQ(shown("\u202d\n"), "\\u202d\n");
  const std::string_view plain = "größe, שלום, 日本, 😀, \u00a0\u2014\ufffd";
  EXPECT_EQ(shown(plain), plain);
}

TEST(Format, JoinersStayWhereScriptsNeedThem) {
  const auto shown = [](std::string_view text) { return without_controls(text, Controls::none); };
  for (const std::string_view text :
       {"می\u200cخواهم", "👨\u200d👩\u200d👧", "❤\ufe0f", "❤\ufe0f\u200d🔥"}) {
    EXPECT_EQ(shown(text), text);
  }
  EXPECT_EQ(shown("pass\u200dword"), "pass\\u200dword");
  EXPECT_EQ(shown("\u200dä"), "\\u200dä");
  EXPECT_EQ(shown("ä\u200d"), "ä\\u200d");
  EXPECT_EQ(shown("ä\u200d\u200dä"), "ä\\u200d\\u200dä");
  EXPECT_EQ(shown("a\ufe0f"), "a\\ufe0f");
  EXPECT_EQ(shown("❤\ufe0f\ufe0f"), "❤\ufe0f\\ufe0f");
}

}  // namespace
}  // namespace holdfast::cli
