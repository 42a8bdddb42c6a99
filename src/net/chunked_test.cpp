#include "net/chunked.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>

namespace holdfast::net {
namespace {

// Decodes `text` handed over in pieces of `in` bytes, into room for `out` at a time; nothing if it
// is broken, and with a '*' at its end if it did not come to an end.
std::optional<std::string> decode(std::string_view text, std::size_t in, std::size_t out) {
  ChunkedDecoder decoder;
  std::string content;
  std::vector<std::byte> room(out);
  while (!text.empty() && !decoder.is_done()) {
    const auto step = decoder.decode(as_bytes(text.substr(0, in)), room);
    if (!step) return std::nullopt;
    content.append(as_text(ByteView(room).first(step->produced)));
    text.remove_prefix(step->consumed);
  }
  return content + (decoder.is_done() ? "" : "*") + std::string(text);
}

TEST(ChunkedDecoder, GivesTheSameHoweverItIsCut) {
  constexpr std::string_view text =
      "3\r\nabc\r\nA;x=\"y z\"\r\n0123456789\r\n0001 \r\n!\r\n0\r\nA: b\r\nC: d\r\n\r\nnext";
  for (std::size_t in = 1; in < text.size(); ++in) {
    for (const std::size_t out : {1u, 2u, 5u, 100u}) {
      EXPECT_EQ(decode(text, in, out), "abc0123456789!next") << in << ' ' << out;
    }
  }
}

TEST(ChunkedDecoder, EveryPrefixIsUnfinished) {
  constexpr std::string_view text = "3\r\nabc\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto decoded = decode(text.substr(0, size), 100, 100);
    EXPECT_TRUE(decoded && decoded->ends_with('*')) << size;
  }
}

TEST(ChunkedDecoder, WhatIsNoChunkedBodyIsRefused) {
  for (const std::string_view text :
       {"\r\n", "g\r\n", "-3\r\nabc\r\n", "+3\r\nabc", "0x3\r\nabc", " 3\r\nabc", "3\nabc\r\n",
        "3\r\r\nabc", "3\r\nabc\n", "3\r\nabcd\r\n", "10000000000000000\r\n", "3;\x01\r\nabc",
        "0\r\n a: b\r\n\r\n", "0\r\na\nb\r\n\r\n", "0\n\n", "0\r\n\rx"}) {
    EXPECT_EQ(decode(text, 100, 100), std::nullopt) << text;
  }
}

TEST(ChunkedDecoder, ExtensionsAndTrailersAreBounded) {
  EXPECT_TRUE(decode("1;" + std::string(4000, 'x') + "\r\na\r\n0\r\n\r\n", 100, 100));
  EXPECT_FALSE(decode("1;" + std::string(5000, 'x') + "\r\na\r\n0\r\n\r\n", 100, 100));
  EXPECT_FALSE(decode(std::string(5000, '0') + "1\r\na\r\n0\r\n\r\n", 100, 100));
  std::string trailers;
  for (int i = 0; i < 1000; ++i) trailers += "A: 0123456789\r\n";
  EXPECT_FALSE(decode("0\r\n" + trailers + "\r\n", 100, 100));
}

TEST(ChunkedDecoder, ContentMayGoPastTheDecoder) {
  ChunkedDecoder decoder;
  std::array<std::byte, 2> room;
  EXPECT_EQ(decoder.content_left(), 0u);
  EXPECT_EQ(decoder.decode(as_bytes("5\r\nab"), room)->produced, 2u);
  EXPECT_EQ(decoder.content_left(), 3u);
  decoder.skip(3);
  EXPECT_EQ(decoder.decode(as_bytes("\r\n0\r\n\r\n"), room)->consumed, 7u);
  EXPECT_TRUE(decoder.is_done());
}

}  // namespace
}  // namespace holdfast::net
