#include "net/http.h"

#include <gtest/gtest.h>

namespace holdfast::net {
namespace {

TEST(Headers, NamesCompareWithoutRegardToCase) {
  Headers headers;
  headers.add("Content-Type", "a");
  headers.add("content-type", "b");
  EXPECT_EQ(headers.find("CONTENT-TYPE"), "a");
  EXPECT_FALSE(headers.contains("Content-Typ"));
  headers.set("content-TYPE", "c");
  EXPECT_EQ(headers.fields().size(), 1u);
  EXPECT_EQ(headers.find("Content-Type"), "c");
}

TEST(Percent, EncodingIsUndoneByDecoding) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(percent_decode(percent_encode(all)).value(), all);
  EXPECT_EQ(percent_decode(percent_encode(all, "/+%")).has_value(), false);
  EXPECT_EQ(percent_encode("a b/c~ü", "/"), "a%20b/c~%C3%BC");
  EXPECT_EQ(percent_encode("a/b"), "a%2Fb");
}

TEST(Percent, BrokenEscapesAreRefused) {
  EXPECT_EQ(percent_decode("a+b%2f%2F").value(), "a+b//");
  for (const std::string_view text : {"%", "a%2", "%g0", "%0g", "%%20"}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::net
