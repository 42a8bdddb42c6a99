#include "vault/journal_record.h"

#include "vault/families.h"
#include "vault/segment_store.h"

#include <gtest/gtest.h>

namespace holdfast::vault {
namespace {

TEST(JournalRecordTest, SurvivesTheRoundTrip) {
  env::Batch changes;
  changes.put(chunks_family, "key", std::string(1000, 'v'));
  changes.remove(meta_family, std::string("a\0b", 3));
  changes.remove_range(segments_family, "from", "until");
  changes.add(counters_family, "sum", {1, -2});
  const Bytes sealed(300, std::byte{9});
  const Frame frame{.id = ChunkId::from(Bytes(32, std::byte{4})),
                    .place = {.segment = 3, .index = 1, .offset = 5, .stored = 300, .plain = 284},
                    .sealed = sealed};

  const Bytes bytes = encode_record(changes, {frame});
  const JournalRecord record = decode_record(bytes).value();
  ASSERT_EQ(record.changes.changes.size(), changes.changes.size());
  for (std::size_t i = 0; i < changes.changes.size(); ++i) {
    EXPECT_EQ(record.changes.changes[i].kind, changes.changes[i].kind);
    EXPECT_EQ(record.changes.changes[i].family, changes.changes[i].family);
    EXPECT_EQ(record.changes.changes[i].key, changes.changes[i].key);
    EXPECT_EQ(record.changes.changes[i].value, changes.changes[i].value);
  }
  ASSERT_EQ(record.frames.size(), 1u);
  EXPECT_EQ(record.frames[0].id, frame.id);
  EXPECT_EQ(record.frames[0].place, frame.place);
  EXPECT_TRUE(std::ranges::equal(record.frames[0].sealed, sealed));
}

TEST(JournalRecordTest, EveryBeginningOfARecordIsCorrupt) {
  env::Batch changes;
  changes.put(meta_family, "key", "value");
  const Bytes bytes = encode_record(changes, {});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_record(ByteView(bytes).first(size)).error().code(), ErrorCode::corrupt);
  }
}

TEST(JournalRecordTest, AVersionFromTheFutureIsRefused) {
  Bytes bytes = encode_record({}, {});
  bytes[0] = std::byte{2};
  EXPECT_EQ(decode_record(bytes).error().code(), ErrorCode::unsupported);
}

TEST(SegmentRowTest, SurvivesTheRoundTrip) {
  const SegmentRow row{.id = SegmentId::from(Bytes(16, std::byte{1})),
                       .state = SegmentRow::State::sealed,
                       .kind = SegmentKind::data,
                       .key_generation = 2,
                       .session = 3,
                       .collection = 4,
                       .sealed_at = 5,
                       .size = 8 * mib,
                       .chunk_count = 6,
                       .slots = {SlotId::from(Bytes(16, std::byte{7}))},
                       .roots = {codec::MerkleHash::from(Bytes(32, std::byte{8}))}};
  const std::string bytes = encode_segment_row(row);
  EXPECT_EQ(encode_segment_row(decode_segment_row(bytes).value()), bytes);
  EXPECT_EQ(decode_segment_row(bytes.substr(0, 20)).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(segment_number_of(segment_key_of(0x01020304)), 0x01020304u);
}

}  // namespace
}  // namespace holdfast::vault
