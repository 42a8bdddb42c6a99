#include "env/table.h"

#include <gtest/gtest.h>

namespace holdfast::env {
namespace {

TEST(TableTest, CountersSurviveTheRoundTrip) {
  const std::vector<std::int64_t> counters{1, -2, 1'000'000'000'000};
  EXPECT_EQ(decode_counters(encode_counters(counters)), counters);
}

}  // namespace
}  // namespace holdfast::env
