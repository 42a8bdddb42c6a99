#include "codec/chunker.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

namespace holdfast::codec {
namespace {

constexpr ChunkerOptions small{.min_bytes = 64, .average_bytes = 256, .max_bytes = 1024};

SecretKey key_of(int value) {
  return SecretKey::from(Bytes(SecretKey::size, static_cast<std::byte>(value)));
}

Bytes noise(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 generator(seed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator() >> 56);
  return bytes;
}

// The sizes of the chunks of `stream`, fed in pieces whose sizes `next_piece` tells.
template <class NextPiece>
std::vector<std::size_t> chunk_sizes(Chunker chunker, ByteView stream, NextPiece next_piece) {
  std::vector<std::size_t> sizes;
  std::size_t size = 0;
  while (!stream.empty()) {
    ByteView piece = stream.first(std::min<std::size_t>(stream.size(), next_piece()));
    stream = stream.subspan(piece.size());
    while (!piece.empty()) {
      const auto cut = chunker.next(piece);
      size += cut.value_or(piece.size());
      if (cut) sizes.push_back(std::exchange(size, 0));
      piece = piece.subspan(cut.value_or(piece.size()));
      EXPECT_EQ(chunker.pending_bytes(), size);
    }
  }
  if (size != 0) sizes.push_back(size);
  return sizes;
}

std::vector<std::size_t> chunk_sizes(const Chunker& chunker, ByteView stream) {
  return chunk_sizes(chunker, stream, [&] { return stream.size(); });
}

TEST(ChunkerTest, ChunksCoverTheStreamWithinTheLimits) {
  const GearTable gear(key_of(1));
  const Bytes stream = noise(16 * mib);
  const auto sizes = chunk_sizes(Chunker(gear), stream);
  EXPECT_EQ(std::reduce(sizes.begin(), sizes.end()), stream.size());
  const ChunkerOptions options;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    EXPECT_GE(sizes[i], options.min_bytes);
    EXPECT_LE(sizes[i], options.max_bytes);
  }
}

TEST(ChunkerTest, TheMeanOfChunksOfNoiseIsTheAverage) {
  const GearTable gear(key_of(2));
  const Bytes stream = noise(32 * mib, 2);
  for (const std::size_t average : {4 * kib, 16 * kib}) {
    const ChunkerOptions options{
        .min_bytes = average / 4, .average_bytes = average, .max_bytes = average * 4};
    const auto sizes = chunk_sizes(Chunker(gear, options), stream);
    const double mean = static_cast<double>(stream.size()) / static_cast<double>(sizes.size());
    EXPECT_NEAR(mean / static_cast<double>(average), 1.0, 0.05);
  }
}

TEST(ChunkerTest, SlicingTheStreamChangesNothing) {
  const GearTable gear(key_of(3));
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Bytes stream = noise(40'000 + seed * 777, seed);
    const auto whole = chunk_sizes(Chunker(gear, small), stream);
    std::mt19937 generator(seed);
    for (const std::size_t piece_max : {1UL, 2UL, 3UL, 17UL, 300UL, 5000UL}) {
      std::uniform_int_distribution<std::size_t> piece(1, piece_max);
      EXPECT_EQ(chunk_sizes(Chunker(gear, small), stream, [&] { return piece(generator); }), whole)
          << "seed " << seed << ", pieces up to " << piece_max;
    }
  }
}

TEST(ChunkerTest, AnInsertionChangesOnlyTheChunksAroundIt) {
  const GearTable gear(key_of(4));
  Bytes stream = noise(256 * kib, 4);
  const auto contents = [&](ByteView bytes) {
    std::set<std::vector<std::byte>> chunks;
    for (const std::size_t size : chunk_sizes(Chunker(gear, small), bytes)) {
      chunks.insert(to_bytes(bytes.first(size)));
      bytes = bytes.subspan(size);
    }
    return chunks;
  };
  const auto before = contents(stream);
  stream.insert(stream.begin() + 100'000, std::byte{42});
  std::size_t fresh = 0;
  for (const auto& chunk : contents(stream)) fresh += before.contains(chunk) ? 0 : 1;
  EXPECT_GE(fresh, 1U);
  EXPECT_LE(fresh, 8U);
}

TEST(ChunkerTest, EqualBytesMakeEqualChunks) {
  const GearTable gear(key_of(5));
  const ChunkerOptions options;
  const auto sizes = chunk_sizes(Chunker(gear, options), Bytes(10 * options.max_bytes));
  EXPECT_EQ(sizes, std::vector(10, options.max_bytes));
}

TEST(ChunkerTest, AnotherKeyCutsElsewhere) {
  const Bytes stream = noise(64 * kib, 6);
  const GearTable one(key_of(6));
  const GearTable other(key_of(7));
  EXPECT_NE(chunk_sizes(Chunker(one, small), stream), chunk_sizes(Chunker(other, small), stream));
}

// Cut points are a promise: with others, nothing stored before would be found again.
TEST(ChunkerTest, CutsStayWhereTheyHaveAlwaysBeen) {
  const GearTable gear(key_of(8));
  std::uint32_t state = 1;
  Bytes stream(mib);
  for (std::byte& byte : stream) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<std::byte>(state >> 24);
  }
  EXPECT_EQ(gear.numbers()[0], 1'295'103'481'742'402'818U);
  EXPECT_EQ(chunk_sizes(Chunker(gear), stream),
            (std::vector<std::size_t>{175'883, 156'520, 113'407, 121'240, 140'016, 127'750, 114'909,
                                      98'851}));
}

TEST(ChunkerTest, ARestartForgetsTheCurrentChunk) {
  const GearTable gear(key_of(9));
  const Bytes stream = noise(8 * kib, 9);
  Chunker chunker(gear, small);
  EXPECT_FALSE(chunker.next(ByteView(stream).first(50)).has_value());
  EXPECT_EQ(chunker.pending_bytes(), 50U);
  chunker.restart();
  EXPECT_EQ(chunk_sizes(chunker, stream), chunk_sizes(Chunker(gear, small), stream));
}

TEST(ChunkerTest, SizesOutOfOrderAreNotValid) {
  EXPECT_TRUE(ChunkerOptions().is_valid());
  EXPECT_TRUE(small.is_valid());
  EXPECT_FALSE((ChunkerOptions{.min_bytes = 0}).is_valid());
  EXPECT_FALSE((ChunkerOptions{.average_bytes = 100'000}).is_valid());
  EXPECT_FALSE((ChunkerOptions{.min_bytes = 128 * kib}).is_valid());
  EXPECT_FALSE((ChunkerOptions{.max_bytes = 128 * kib}).is_valid());
  EXPECT_FALSE((ChunkerOptions{.max_bytes = gib}).is_valid());
}

}  // namespace
}  // namespace holdfast::codec
