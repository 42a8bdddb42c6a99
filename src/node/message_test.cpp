#include "node/message.h"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

TEST(Message, ObjectPagesSurviveTheJourney) {
  ObjectPage page;
  page.objects = {{.key = "a/\"quoted\"\n",
                   .size = 1ULL << 42,
                   .etag = "e",
                   .modified = {1763712092s + 7ns},
                   .fields = {{"z", "1"}, {"a", "2"}}}};
  page.prefixes = {"dir/"};
  page.is_truncated = true;
  page.next = "dir/";
  page.next_is_prefix = true;
  const auto back = decode<ObjectPage>(encode(page));
  ASSERT_TRUE(back) << back.error().context();
  ASSERT_EQ(back->objects.size(), 1U);
  EXPECT_EQ(back->objects[0].key, page.objects[0].key);
  EXPECT_EQ(back->objects[0].size, page.objects[0].size);
  EXPECT_EQ(back->objects[0].modified, page.objects[0].modified);
  EXPECT_EQ(back->objects[0].fields, page.objects[0].fields);
  EXPECT_EQ(back->prefixes, page.prefixes);
  EXPECT_TRUE(back->is_truncated && back->next_is_prefix);
}

TEST(Message, StatesAndCodesAreWords) {
  StatusReport status;
  status.state = State::read_only;
  status.disks = {{"/d", 2, 1, "threads"}};
  EXPECT_NE(encode(status).find("\"state\": \"read_only\""), std::string::npos);
  const auto refusal = decode<Refusal>(R"({"code":"full","message":"no room"})");
  EXPECT_EQ(refusal->code, ErrorCode::full);
  EXPECT_EQ(decode<StatusReport>(R"({"state":"draining"})")->state, State::draining);
}

TEST(Message, WhatIsNotTheMessageIsRefusedAndWhatIsNewIsIgnored) {
  EXPECT_FALSE(decode<UserWish>("[]"));
  EXPECT_FALSE(decode<UserWish>("{"));
  EXPECT_FALSE(decode<UserWish>(R"({"name":7})"));
  EXPECT_FALSE(decode<ObjectPage>(R"({"objects":[7]})"));
  EXPECT_FALSE(decode<BucketList>(R"({"buckets":[{"created":"yesterday"}]})"));
  EXPECT_EQ(decode<UserWish>(R"({"name":"ann","colour":"red"})")->name, "ann");
}

TEST(Message, BytesThatAreNoTextDoNotBreakTheAnswer) {
  EXPECT_TRUE(decode<Refusal>(encode(Refusal{ErrorCode::invalid, "\xff\xfe"})));
}

}  // namespace
}  // namespace holdfast::node
