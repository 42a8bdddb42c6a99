#include "node/timestamp.h"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

TEST(Timestamp, IsWrittenInUtcWithTheDecimalsItTakes) {
  EXPECT_EQ(to_rfc3339({0ns}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339({1763712092s + 250ms}), "2025-11-21T08:01:32.25Z");
  EXPECT_EQ(to_rfc3339({-1ns}), "1969-12-31T23:59:59.999999999Z");
}

TEST(Timestamp, ReadsWhatItWrites) {
  for (const Duration span : {Duration(0), Duration(1763712092123456789), Duration(-1),
                              Duration(-1500ms), Duration(-2s), Duration(86399s)}) {
    const WallTime time{span};
    EXPECT_EQ(from_rfc3339(to_rfc3339(time)).value(), time);
    EXPECT_EQ(from_decimal_seconds(to_decimal_seconds(time)).value(), time)
        << to_decimal_seconds(time);
  }
}

TEST(Timestamp, OffsetsAreTakenIntoAccount) {
  EXPECT_EQ(from_rfc3339("2025-11-21T09:31:32+01:30").value(),
            from_rfc3339("2025-11-21T08:01:32Z").value());
}

TEST(Timestamp, NonsenseIsRefused) {
  for (const char* text :
       {"", "2025", "2025-02-30T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:00:00",
        "2025-01-01T00:00:00Zx", "-001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
  for (const char* text : {"", "-", "1e9", "99999999999", "1.5s", "--1"}) {
    EXPECT_FALSE(from_decimal_seconds(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::node
