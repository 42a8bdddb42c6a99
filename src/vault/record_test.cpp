#include "vault/record.h"

#include <gtest/gtest.h>

namespace holdfast::vault {
namespace {

TEST(RecordTest, RowsOfLaterCommitsSortFirst) {
  EXPECT_LT("a" + commit_suffix(2), "a" + commit_suffix(1));
  EXPECT_LT("a" + commit_suffix(1ULL << 40), "a" + commit_suffix(255));
  EXPECT_LT("a" + commit_suffix(1), "a\x01" + commit_suffix(9));
  for (const std::uint64_t sequence : {0ULL, 1ULL, 0x0102030405060708ULL, ~0ULL}) {
    EXPECT_EQ(sequence_of_suffix("name" + commit_suffix(sequence)), sequence);
  }
}

TEST(RecordTest, OnlyStampedRowsGetTheSequence) {
  Record record;
  record.put(1, "plain", "1");
  record.put_stamped(2, "stamped", "2");
  record.remove(3, "gone");
  EXPECT_EQ(record.change_count(), 3u);
  const env::Batch batch = std::move(record).resolve(7);
  ASSERT_EQ(batch.changes.size(), 3u);
  EXPECT_EQ(batch.changes[0].key, "plain");
  EXPECT_EQ(batch.changes[1].key, "stamped" + commit_suffix(7));
  EXPECT_EQ(batch.changes[1].value, "2");
  EXPECT_EQ(batch.changes[2].key, "gone");
}

}  // namespace
}  // namespace holdfast::vault
