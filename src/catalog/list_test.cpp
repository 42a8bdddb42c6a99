#include "catalog/catalog_test.h"
#include "sim/seeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace holdfast::catalog {
namespace {

using Keys = std::set<std::string>;

ListRequest ask(std::string prefix, std::string delimiter = "", std::size_t count_max = 1000) {
  ListRequest request;
  request.prefix = std::move(prefix);
  request.delimiter = std::move(delimiter);
  request.count_max = count_max;
  return request;
}

struct Listing {
  std::vector<std::string> keys;
  std::vector<std::string> prefixes;
  bool is_truncated = false;

  bool operator==(const Listing&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Listing& listing) {
  for (const auto& key : listing.keys) out << " [" << testing::PrintToString(key) << "]";
  for (const auto& prefix : listing.prefixes) out << " <" << testing::PrintToString(prefix) << ">";
  return out << (listing.is_truncated ? " more" : "");
}

// What the contract says, taken literally.
Listing reference(const Keys& keys, const ListRequest& request) {
  Listing listing;
  if (request.count_max == 0) return listing;
  std::size_t count = 0;
  for (const std::string& key : keys) {
    if (!key.starts_with(request.prefix)) continue;
    if (!request.after.empty() && key <= request.after) continue;
    if (request.after_is_prefix && key.starts_with(request.after)) continue;
    std::string prefix;
    if (!request.delimiter.empty()) {
      const auto at = key.find(request.delimiter, request.prefix.size());
      if (at != std::string::npos) prefix = key.substr(0, at + request.delimiter.size());
    }
    if (!prefix.empty() && !listing.prefixes.empty() && listing.prefixes.back() == prefix) continue;
    if (count == request.count_max) {
      listing.is_truncated = true;
      break;
    }
    ++count;
    (prefix.empty() ? listing.keys : listing.prefixes).push_back(prefix.empty() ? key : prefix);
  }
  return listing;
}

Listing shown(const ListPage& page) {
  Listing listing;
  for (const ObjectInfo& info : page.objects) listing.keys.push_back(info.key);
  listing.prefixes = page.prefixes;
  listing.is_truncated = page.is_truncated;
  return listing;
}

class ListTest : public CatalogTest {
 protected:
  ListTest() { bucket = make_bucket("bucket"); }

  Task<void> put_one(std::string key) { EXPECT_TRUE((co_await put(bucket, key, "x")).has_value()); }
  void put_all(const Keys& keys) {
    std::vector<Task<void>> tasks;
    for (const auto& key : keys) {
      tasks.push_back(put_one(key));
      if (tasks.size() == 64) run_together(std::exchange(tasks, {}));
    }
    run_together(std::move(tasks));
  }
  ListPage list(ListRequest request) {
    request.bucket = bucket;
    return world.run(catalog->list(std::move(request))).value();
  }
  void expect_agreement(const Keys& keys, const ListRequest& request) {
    EXPECT_EQ(shown(list(request)), reference(keys, request))
        << "prefix " << testing::PrintToString(request.prefix) << " delimiter "
        << testing::PrintToString(request.delimiter) << " after "
        << testing::PrintToString(request.after) << (request.after_is_prefix ? "*" : "")
        << " count " << request.count_max;
  }
  // Page by page comes to the same as all at once.
  void expect_paging(const Keys& keys, ListRequest request) {
    ListRequest whole_request = request;
    whole_request.count_max = 1'000'000;
    const Listing whole = reference(keys, whole_request);
    Listing sum;
    for (int pages = 0; pages < 100'000; ++pages) {
      const ListPage page = list(request);
      const Listing part = shown(page);
      EXPECT_LE(part.keys.size() + part.prefixes.size(), request.count_max);
      sum.keys.insert(sum.keys.end(), part.keys.begin(), part.keys.end());
      sum.prefixes.insert(sum.prefixes.end(), part.prefixes.begin(), part.prefixes.end());
      if (!page.is_truncated) break;
      request.after = page.next;
      request.after_is_prefix = page.next_is_prefix;
    }
    EXPECT_EQ(sum, whole);
  }

  BucketId bucket = 0;
};

TEST_F(ListTest, ADotSortsBeforeASlash) {
  put_all({"a", "a.b", "a/b", "a/", "a-b", "a0", "ab"});
  const auto page = list(ask(""));
  EXPECT_EQ(shown(page).keys,
            (std::vector<std::string>{"a", "a-b", "a.b", "a/", "a/b", "a0", "ab"}));
  const auto level = list(ask("", "/"));
  EXPECT_EQ(shown(level).keys, (std::vector<std::string>{"a", "a-b", "a.b", "a0", "ab"}));
  EXPECT_EQ(level.prefixes, std::vector<std::string>{"a/"});
}

TEST_F(ListTest, TruncationEndsExactlyAtTheLastKey) {
  put_all({"a", "b/1", "b/2", "c"});
  EXPECT_FALSE(list(ask("", "/", 3)).is_truncated);
  const auto page = list(ask("", "/", 2));
  EXPECT_TRUE(page.is_truncated);
  EXPECT_EQ(page.next, "b/");
  EXPECT_TRUE(page.next_is_prefix);
  EXPECT_FALSE(list(ask("", "", 4)).is_truncated);
  EXPECT_TRUE(list(ask("", "", 3)).is_truncated);
  EXPECT_FALSE(list(ask("", "", 0)).is_truncated);
}

TEST_F(ListTest, ADirectoryLeftEmptyDoesNotShow) {
  put_all({"a/b/c/d", "a/x"});
  EXPECT_TRUE(world.run(catalog->remove(bucket, "a/b/c/d", {})).value().has_value());
  EXPECT_EQ(shown(list(ask("a/", "/"))),
            (Listing{.keys = {"a/x"}, .prefixes = {}, .is_truncated = false}));
  EXPECT_EQ(shown(list(ask("a/", "/", 1))),
            (Listing{.keys = {"a/x"}, .prefixes = {}, .is_truncated = false}));
  EXPECT_TRUE(world.run(catalog->remove(bucket, "a/x", {})).value().has_value());
  EXPECT_EQ(shown(list(ask("", "/"))), Listing{});
}

TEST_F(ListTest, ObjectsShowWhatHeadShows) {
  const auto info = world.run(put(bucket, "dir/key", "12345678")).value();
  const auto page = list(ask(""));
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_EQ(page.objects[0].key, "dir/key");
  EXPECT_EQ(page.objects[0].size, 8u);
  EXPECT_EQ(page.objects[0].etag, "etag of 12345678");
  EXPECT_EQ(page.objects[0].version, info.version);
  EXPECT_EQ(page.objects[0].modified, info.modified);
}

TEST_F(ListTest, ALongDirectoryIsReadInRuns) {
  Keys keys;
  for (int i = 0; i < 3000; ++i) keys.insert(fmt::format("d{}/k{:05}", i % 2, i));
  put_all(keys);
  expect_agreement(keys, ask("", "", 5000));
  expect_agreement(keys, ask("d1/k02", "", 5000));
  expect_paging(keys, ask("", "", 700));
}

TEST_F(ListTest, ATreeOfManyDirectoriesIsWalkedWithBoundedReadAhead) {
  Keys keys;
  for (int i = 0; i < 1500; ++i) {
    keys.insert(fmt::format("a/b/c/{:04}/x", i));
    keys.insert(fmt::format("a/b/{:04}/x", i));
    keys.insert(fmt::format("a/{:04}/x", i));
    keys.insert(fmt::format("{:04}/x", i));
  }
  put_all(keys);
  expect_agreement(keys, ask("", "", 10'000));
  expect_paging(keys, ask(""));
}

std::string random_word(sim::Random& random, std::size_t length_max) {
  static const std::vector<std::string> letters{"/", "/", "/",        ".",    "-", "\x01",
                                                "a", "b", "\xc3\xa9", "\xff", "0", "//"};
  std::string word;
  const std::size_t length = random.below(length_max + 1);
  for (std::size_t i = 0; i < length; ++i) word += letters[random.below(letters.size())];
  return word;
}

std::string random_part(sim::Random& random, const Keys& keys) {
  if (random.chance(0.3)) return random_word(random, 4);
  std::string part = *std::next(keys.begin(), static_cast<long>(random.below(keys.size())));
  part.resize(random.below(part.size() + 1));
  if (random.chance(0.2)) part += random_word(random, 2);
  return part;
}

class ListModelTest : public ListTest, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(ListModelTest, AgreesWithASortedSet) {
  sim::Random random(GetParam());
  Keys keys;
  for (int i = 0; i < 600; ++i) {
    const std::string key = random_word(random, 9);
    if (!key.empty()) keys.insert(key);
  }
  put_all(keys);
  // Some go again, and leave directories behind.
  for (auto key = keys.begin(); key != keys.end();) {
    if (random.chance(0.3)) {
      EXPECT_TRUE(world.run(catalog->remove(bucket, *key, {})).value().has_value());
      key = keys.erase(key);
    } else {
      ++key;
    }
  }
  const std::vector<std::string> delimiters{"",   "/",        "/",    "/",  "//", ".",
                                            "-a", "\xc3\xa9", "\xff", "/a", "a/"};
  for (int i = 0; i < 300 && !HasFailure(); ++i) {
    ListRequest request{.prefix = random.chance(0.4) ? "" : random_part(random, keys),
                        .delimiter = delimiters[random.below(delimiters.size())],
                        .after = random.chance(0.4) ? "" : random_part(random, keys),
                        .after_is_prefix = false,
                        .count_max = random.below(random.chance(0.5) ? 6 : 1000)};
    request.after_is_prefix = !request.after.empty() && random.chance(0.4);
    expect_agreement(keys, request);
    request.after.clear();
    request.after_is_prefix = false;
    if (i % 20 == 0) {
      request.count_max = 1 + random.below(7);
      expect_paging(keys, request);
    }
    const auto usage = world.run(catalog->bucket_usage(bucket, request.prefix)).value();
    EXPECT_EQ(usage.objects, reference(keys, ask(request.prefix, "", 10'000)).keys.size());
    EXPECT_EQ(usage.bytes, usage.objects);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ListModelTest, testing::ValuesIn(sim::seeds(4)));

}  // namespace
}  // namespace holdfast::catalog
