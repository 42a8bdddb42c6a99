#include "vault/segment_format.h"

#include "codec/blake3.h"
#include "codec/compress.h"
#include "sim/random.h"

#include <gtest/gtest.h>

namespace holdfast::vault {
namespace {

class SegmentFormatTest : public testing::Test {
 protected:
  SegmentFormatTest() {
    for (const std::size_t size : {1u, 1000u, 100'000u}) add(Bytes(size, std::byte{5}));
    Bytes noise(70'000);
    random.fill(noise);
    add(noise);
  }

  void add(const Bytes& plain) {
    Bytes compressed(codec::Compressor::room(plain.size()));
    const auto size = codec::Compressor().compress(plain, compressed);
    const ByteView content = size ? ByteView(compressed).first(*size) : ByteView(plain);
    const ChunkEntry entry{.id = ChunkId::from(codec::Blake3().update(plain).finish()),
                           .offset = static_cast<std::uint32_t>(end),
                           .stored = stored_bytes_of(content.size()),
                           .plain = static_cast<std::uint32_t>(plain.size()),
                           .codec = size ? Codec::zstd : Codec::none};
    const auto index = static_cast<std::uint32_t>(entries.size());
    seal_chunk(key, identity, index, entry, content, bytes.view().subspan(end, entry.stored));
    end += entry.stored;
    entries.push_back(entry);
    plains.push_back(plain);
  }

  Result<Bytes> open(std::uint32_t index, const ChunkEntry& entry) {
    Bytes plain(entry.plain);
    TRY(open_chunk(key, identity, index, entry,
                   std::as_const(bytes).view().subspan(entry.offset, entry.stored), plain));
    return plain;
  }

  sim::Random random{1};
  codec::Aead key{codec::SecretKey::from(Bytes(32, std::byte{1}))};
  SegmentIdentity identity{.vault = VaultId::from(Bytes(16, std::byte{2})),
                           .segment = SegmentId::from(Bytes(16, std::byte{3})),
                           .key_generation = 7};
  AlignedBuffer bytes{segment_bytes_min};
  std::size_t end = 0;
  std::vector<ChunkEntry> entries;
  std::vector<Bytes> plains;
};

TEST_F(SegmentFormatTest, ChunksComeBackWhole) {
  EXPECT_EQ(entries[2].codec, Codec::zstd);
  EXPECT_EQ(entries[3].codec, Codec::none);
  for (std::uint32_t i = 0; i < entries.size(); ++i)
    EXPECT_EQ(open(i, entries[i]).value(), plains[i]);
}

TEST_F(SegmentFormatTest, UnsealedChunksAreAsTheyWereCompressed) {
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    const ByteView stored =
        std::as_const(bytes).view().subspan(entries[i].offset, entries[i].stored);
    Bytes content(stored.size() - codec::aead_tag_bytes);
    ASSERT_TRUE(unseal_chunk(key, identity, i, entries[i], stored, content));
    if (entries[i].codec == Codec::none) EXPECT_EQ(content, plains[i]);
    Bytes again(stored.size());
    seal_chunk(key, identity, i, entries[i], content, again);
    EXPECT_TRUE(std::ranges::equal(again, stored));
    EXPECT_EQ(unseal_chunk(key, identity, i + 1, entries[i], stored, content).error().code(),
              ErrorCode::corrupt);
  }
}

TEST_F(SegmentFormatTest, AChunkInAnotherPlaceOrUnderAnotherNameIsCorrupt) {
  EXPECT_EQ(open(1, entries[0]).error().code(), ErrorCode::corrupt);
  ChunkEntry other = entries[3];
  other.id.bytes[0] ^= std::byte{1};
  EXPECT_EQ(open(3, other).error().code(), ErrorCode::corrupt);
  identity.segment.bytes[0] ^= std::byte{1};
  EXPECT_EQ(open(3, entries[3]).error().code(), ErrorCode::corrupt);
}

TEST_F(SegmentFormatTest, EveryFlippedBitOfAChunkIsNoticed) {
  for (std::size_t at = entries[1].offset; at < entries[1].offset + entries[1].stored; ++at) {
    bytes.data()[at] ^= std::byte{0x10};
    EXPECT_EQ(open(1, entries[1]).error().code(), ErrorCode::corrupt);
    bytes.data()[at] ^= std::byte{0x10};
  }
}

TEST_F(SegmentFormatTest, TheTableIsFoundFromTheEnd) {
  seal_segment_tail(key, identity, entries, end, bytes.view());
  const auto trailer = std::as_const(bytes).view().last(segment_trailer_bytes);
  EXPECT_EQ(key_generation_of(trailer).value(), 7u);
  const TableBounds bounds = open_trailer(key, identity, trailer).value();
  const auto table = std::as_const(bytes).view().subspan(bounds.offset, bounds.size);
  EXPECT_EQ(open_chunk_table(key, identity, bounds, table).value(), entries);
}

TEST_F(SegmentFormatTest, AVersionFromTheFutureIsRefused) {
  seal_segment_tail(key, identity, entries, end, bytes.view());
  const auto trailer = bytes.view().last(segment_trailer_bytes);
  trailer[4] = std::byte{2};
  EXPECT_EQ(key_generation_of(trailer).error().code(), ErrorCode::unsupported);
  trailer[0] = std::byte{0};
  EXPECT_EQ(open_trailer(key, identity, trailer).error().code(), ErrorCode::corrupt);
}

TEST_F(SegmentFormatTest, PaddingLooksLikeEverythingElse) {
  seal_segment_tail(key, identity, entries, end, bytes.view());
  std::size_t zeros = 0;
  for (const std::byte byte : std::as_const(bytes).view().subspan(end))
    zeros += byte == std::byte{0};
  EXPECT_LT(zeros, (bytes.size() - end) / 128);
}

TEST(PlaceTest, SurvivesTheRoundTrip) {
  const Place place{.segment = 77,
                    .index = 65'000,
                    .offset = 31 * mib,
                    .stored = 500'000,
                    .plain = 524'288,
                    .codec = Codec::zstd};
  EXPECT_EQ(decode_place(encode_place(place)).value(), place);
  EXPECT_EQ(decode_place(encode_place(place).substr(1)).error().code(), ErrorCode::corrupt);
}

TEST(SegmentBytesTest, AreThePowerOfTwoThatHoldsAll) {
  EXPECT_EQ(segment_bytes_for(1, 1), segment_bytes_min);
  EXPECT_EQ(segment_bytes_for(segment_bytes_min - segment_tail_bytes(30), 30), segment_bytes_min);
  EXPECT_EQ(segment_bytes_for(segment_bytes_min - segment_tail_bytes(30) + 1, 30),
            segment_bytes_min + 512 * kib);
  EXPECT_EQ(segment_bytes_for(5 * mib, 40), 5 * mib + 512 * kib);
  EXPECT_EQ(segment_bytes_for(8 * mib - segment_tail_bytes(64), 64), 8 * mib);
  EXPECT_EQ(segment_bytes_for(8 * mib, 64), 9 * mib);
  EXPECT_EQ(segment_bytes_for(17 * mib, 100), 18 * mib);
  EXPECT_EQ(segment_bytes_for(31 * mib, 1000), segment_bytes_max);
}

}  // namespace
}  // namespace holdfast::vault
