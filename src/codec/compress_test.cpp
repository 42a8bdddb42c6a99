#include "codec/compress.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace holdfast::codec {
namespace {

Bytes noise(std::size_t size) {
  std::mt19937_64 generator(size);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator() >> 56);
  return bytes;
}

Bytes prose(std::size_t size) {
  std::mt19937 generator(7);
  std::string text;
  while (text.size() < size) text += fmt::format("line {} of the log\n", generator() % 10'000);
  text.resize(size);
  return to_bytes(as_bytes(text));
}

std::optional<Bytes> compressed(ByteView plain, Effort effort = Effort::quick) {
  Bytes into(Compressor::room(plain.size()));
  const auto size = Compressor().compress(plain, into, effort);
  if (!size) return std::nullopt;
  into.resize(*size);
  return into;
}

TEST(CompressorTest, WhatShrinksComesBackAsItWas) {
  for (const std::size_t size : {100UL, 4096UL, 20'000UL, 128 * kib, 512 * kib, 4 * mib}) {
    const Bytes plain = prose(size);
    const auto small = compressed(plain);
    ASSERT_TRUE(small.has_value()) << size;
    EXPECT_LT(small->size(), size * 3 / 4);
    EXPECT_EQ(Compressor().decompress(*small, size).value(), plain);
  }
}

TEST(CompressorTest, MoreEffortMakesItSmaller) {
  for (const std::size_t size : {128 * kib, 512 * kib, 4 * mib}) {
    const Bytes plain = prose(size);
    const Bytes small = compressed(plain, Effort::thorough).value();
    EXPECT_LT(small.size(), compressed(plain)->size()) << size;
    EXPECT_EQ(Compressor().decompress(small, size).value(), plain);
  }
}

TEST(CompressorTest, NoiseAndScrapsStayAsTheyAre) {
  for (const std::size_t size : {0UL, 1UL, 63UL, 1000UL, 15'000UL, 128 * kib, 512 * kib}) {
    EXPECT_FALSE(compressed(noise(size)).has_value()) << size;
  }
}

TEST(CompressorTest, TheSampleTellsProseFromNoise) {
  EXPECT_TRUE(Compressor().looks_compressible(prose(128 * kib)));
  EXPECT_FALSE(Compressor().looks_compressible(noise(128 * kib)));
  EXPECT_TRUE(Compressor().looks_compressible(Bytes(128 * kib)));
}

TEST(CompressorTest, AnotherSizeThanExpectedIsCorrupt) {
  const Bytes plain = prose(10'000);
  const Bytes small = compressed(plain).value();
  for (const std::size_t size : {0UL, 9'999UL, 10'001UL, gib}) {
    EXPECT_EQ(Compressor().decompress(small, size).error().code(), ErrorCode::corrupt) << size;
  }
}

TEST(CompressorTest, CutExtendedOrForeignFramesAreCorrupt) {
  const Bytes plain = prose(1'000);
  const Bytes small = compressed(plain).value();
  for (std::size_t size = 0; size < small.size(); ++size) {
    EXPECT_FALSE(Compressor().decompress(ByteView(small).first(size), plain.size()).has_value());
  }
  Bytes twice = small;
  twice.insert(twice.end(), small.begin(), small.end());
  EXPECT_FALSE(Compressor().decompress(twice, 2 * plain.size()).has_value());
  const Bytes skippable{std::byte{0x50}, std::byte{0x2a}, std::byte{0x4d}, std::byte{0x18},
                        std::byte{0},    std::byte{0},    std::byte{0},    std::byte{0}};
  EXPECT_FALSE(Compressor().decompress(skippable, 0).has_value());
}

}  // namespace
}  // namespace holdfast::codec
