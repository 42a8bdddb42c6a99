#include "vault/checkpoint_record.h"

#include <gtest/gtest.h>

namespace holdfast::vault {
namespace {

Checkpoint made() {
  Checkpoint checkpoint{.applied = 77, .segments = {}, .files = {}};
  checkpoint.segments[5] = {.id = SegmentId::from(Bytes(16, std::byte{5})),
                            .state = SegmentRow::State::sealed,
                            .kind = SegmentKind::checkpoint,
                            .key_generation = 1,
                            .session = 2,
                            .size = 8 * mib,
                            .chunk_count = 3,
                            .slots = {SlotId::from(Bytes(16, std::byte{6}))},
                            .roots = {codec::MerkleHash::from(Bytes(32, std::byte{7}))}};
  const ChunkId id = ChunkId::from(Bytes(32, std::byte{9}));
  checkpoint.files = {
      {.name = "000012.sst",
       .size = 4 * mib + 10,
       .head = id,
       .pieces = {{.id = id, .segment = 5, .index = 0, .offset = 0, .size = 4 * mib},
                  {.id = id, .segment = 5, .index = 1, .offset = 4 * mib + 16, .size = 10}}},
      {.name = "EMPTY", .size = 0, .head = id, .pieces = {}}};
  return checkpoint;
}

TEST(CheckpointRecordTest, SurvivesTheRoundTrip) {
  const Checkpoint checkpoint = made();
  const Checkpoint again = decode_checkpoint(encode_checkpoint(checkpoint)).value();
  EXPECT_EQ(again.applied, 77u);
  EXPECT_EQ(again.files, checkpoint.files);
  EXPECT_EQ(again.size_bytes(), 4 * mib + 10);
  ASSERT_EQ(again.segments.size(), 1u);
  EXPECT_EQ(encode_segment_row(again.segments.at(5)),
            encode_segment_row(checkpoint.segments.at(5)));
}

TEST(CheckpointRecordTest, EveryBeginningIsCorrupt) {
  const std::string bytes = encode_checkpoint(made());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode_checkpoint(bytes.substr(0, size));
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().code(), ErrorCode::corrupt);
  }
}

ErrorCode code_of(const Checkpoint& checkpoint) {
  const auto decoded = decode_checkpoint(encode_checkpoint(checkpoint));
  EXPECT_FALSE(decoded);
  return decoded ? ErrorCode::io : decoded.error().code();
}

TEST(CheckpointRecordTest, WhatCannotBeIsCorrupt) {
  Checkpoint outside = made();
  outside.files[0].pieces[1].offset = 8 * mib - 20;
  EXPECT_EQ(code_of(outside), ErrorCode::corrupt);
  Checkpoint elsewhere = made();
  elsewhere.files[0].pieces[1].segment = 6;
  EXPECT_EQ(code_of(elsewhere), ErrorCode::corrupt);
  Checkpoint missing = made();
  missing.files[0].pieces.pop_back();
  EXPECT_EQ(code_of(missing), ErrorCode::corrupt);
  Checkpoint climbing = made();
  climbing.files[1].name = "../x";
  EXPECT_EQ(code_of(climbing), ErrorCode::corrupt);
  Checkpoint of_data = made();
  of_data.segments[5].kind = SegmentKind::data;
  EXPECT_EQ(code_of(of_data), ErrorCode::corrupt);
}

TEST(CheckpointRecordTest, AVersionFromTheFutureIsRefused) {
  std::string bytes = encode_checkpoint(made());
  bytes[0] = 2;
  EXPECT_EQ(decode_checkpoint(bytes).error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace holdfast::vault
