#include "base/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace holdfast {
namespace {

const std::vector<std::string> verbs{"bucket", "status", "sync", "ls", "list", "user"};

TEST(Suggest, SwappedMissingAndDoubledLettersAreForgiven) {
  EXPECT_EQ(nearest("stauts", verbs), "status");
  EXPECT_EQ(nearest("bucet", verbs), "bucket");
  EXPECT_EQ(nearest("synnc", verbs), "sync");
}

TEST(Suggest, ABeginningIsNear) {
  EXPECT_EQ(nearest("buck", verbs), "bucket");
}

TEST(Suggest, NothingIsSuggestedForAWordThatResemblesNone) {
  EXPECT_EQ(nearest("frobnicate", verbs), std::nullopt);
  EXPECT_EQ(nearest("xy", verbs), std::nullopt);
}

}  // namespace
}  // namespace holdfast
