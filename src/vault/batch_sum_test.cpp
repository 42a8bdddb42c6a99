#include "vault/batch_sum.h"

#include <gtest/gtest.h>

namespace holdfast::vault {
namespace {

using Kind = env::Batch::Kind;

TEST(BatchSumTest, AddsToOneCounterOnce) {
  BatchSum sum;
  for (std::int64_t i = 1; i <= 3; ++i) {
    env::Batch batch;
    batch.add(1, "a", {i});
    batch.put(0, "row", std::to_string(i));
    batch.add(1, "b", {10, -i});
    sum.take(std::move(batch));
  }
  const env::Batch batch = sum.finish();
  ASSERT_EQ(batch.changes.size(), 5u);  // Three rows, two counters.
  EXPECT_EQ(batch.changes[0].key, "a");
  EXPECT_EQ(env::decode_counters(batch.changes[0].value), (std::vector<std::int64_t>{6}));
  EXPECT_EQ(batch.changes[2].key, "b");
  EXPECT_EQ(env::decode_counters(batch.changes[2].value), (std::vector<std::int64_t>{30, -6}));
  EXPECT_EQ(batch.changes[4].value, "3");
  EXPECT_EQ(sum.finish().changes.size(), 0u);
}

TEST(BatchSumTest, KeepsToTheOrderWhereACounterIsRemoved) {
  BatchSum sum;
  env::Batch batch;
  batch.add(1, "a", {1});
  batch.remove(1, "a");
  batch.add(1, "a", {2});
  batch.add(2, "a", {4});  // Another family.
  batch.add(1, "a", {3, 1});
  sum.take(std::move(batch));
  const env::Batch summed = sum.finish();
  ASSERT_EQ(summed.changes.size(), 4u);
  EXPECT_EQ(summed.changes[0].value, env::encode_counters({1}));
  EXPECT_EQ(summed.changes[1].kind, Kind::remove);
  EXPECT_EQ(summed.changes[2].value, env::encode_counters({5, 1}));
  EXPECT_EQ(summed.changes[3].value, env::encode_counters({4}));
}

}  // namespace
}  // namespace holdfast::vault
