// Random changes, several at a time, with collections among them and crashes in their middle, held
// against a map. After a crash each change that was not answered is there as a whole or not at all.
#include "catalog/catalog_test.h"
#include "catalog/rows.h"
#include "sim/seeds.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace holdfast::catalog {
namespace {

using Objects = std::map<std::string, std::string>;

// A change of one or two keys, and what came of it.
struct Change {
  enum class Kind : std::uint8_t { put, remove, copy, rename, upload } kind;
  std::string key;
  std::string from;
  std::string bytes;
  bool is_answered = false;
};

class ModelTest : public CatalogTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  ModelTest() : CatalogTest(GetParam()), random(GetParam() * 7919) {
    bucket = make_bucket("bucket");
  }

  std::string random_key() {
    std::string key;
    for (std::uint64_t depth = random.below(3); depth > 0; --depth) {
      key += std::string(1, static_cast<char>('a' + random.below(3))) + "/";
    }
    return key + std::string(1, static_cast<char>('p' + random.below(5)));
  }
  std::string random_bytes() {
    const bool is_large = random.chance(0.2);
    return pattern(random.below(is_large ? 40'000 : 60), static_cast<int>(random.below(1000)));
  }
  // Of different keys, so that their order does not matter.
  std::vector<Change> random_changes() {
    std::set<std::string> used;
    std::vector<Change> changes;
    for (std::uint64_t count = 1 + random.below(6); count > 0; --count) {
      Change change{.kind = Change::Kind{static_cast<std::uint8_t>(random.below(5))},
                    .key = random_key(),
                    .from = random_key(),
                    .bytes = random_bytes()};
      if (used.insert(change.key).second && used.insert(change.from).second) {
        changes.push_back(std::move(change));
      }
    }
    return changes;
  }

  Task<void> carry_out(Change& change);
  Task<Result<void>> upload(const Change& change);
  static void apply(Objects& objects, const Change& change);
  void crash_during(std::vector<Change>& changes);
  // What is there now; checks that all ways of looking agree.
  Objects look();
  void expect_no_strays();

  sim::Random random;
  BucketId bucket = 0;
};

Task<void> ModelTest::carry_out(Change& change) {
  switch (change.kind) {
    case Change::Kind::put:
      EXPECT_TRUE((co_await put(bucket, change.key, change.bytes)).has_value());
      break;
    case Change::Kind::remove:
      EXPECT_TRUE((co_await catalog->remove(bucket, change.key, {})).has_value());
      break;
    case Change::Kind::copy: {
      const auto copied =
          co_await catalog->copy({bucket, change.from, {}}, bucket, change.key, {}, {});
      EXPECT_TRUE(copied || copied.error().code() == ErrorCode::not_found);
      break;
    }
    case Change::Kind::rename: {
      const auto renamed = co_await catalog->rename(bucket, change.from, change.key);
      EXPECT_TRUE(renamed || renamed.error().code() == ErrorCode::not_found);
      break;
    }
    case Change::Kind::upload:
      EXPECT_TRUE((co_await upload(change)).has_value());
      break;
  }
  change.is_answered = true;
}

Task<Result<void>> ModelTest::upload(const Change& change) {
  CO_TRY_LET(const UploadInfo begun, co_await catalog->create_upload(bucket, change.key, 1, {}));
  std::vector<PartChoice> parts;
  const Attributes attributes{.etag = "part", .modified = {}, .fields = {}};
  const std::size_t half = change.bytes.size() / 2;
  for (const std::string& bytes : {change.bytes.substr(0, half), change.bytes.substr(half)}) {
    const auto number = static_cast<std::uint32_t>(parts.size() + 1);
    vault::Content content = vault->write(bytes);
    CO_TRY(co_await catalog->put_part({bucket, change.key, begun.id, number}, std::move(content),
                                      attributes));
    parts.push_back({number, "part"});
  }
  CO_TRY(co_await catalog->complete_upload(bucket, change.key, begun.id, parts, attributes, {}));
  co_return Result<void>();
}

void ModelTest::apply(Objects& objects, const Change& change) {
  switch (change.kind) {
    case Change::Kind::put:
    case Change::Kind::upload:
      objects[change.key] = change.bytes;
      return;
    case Change::Kind::remove:
      objects.erase(change.key);
      return;
    case Change::Kind::copy:
      if (objects.contains(change.from)) objects[change.key] = objects[change.from];
      return;
    case Change::Kind::rename:
      if (const auto source = objects.find(change.from); source != objects.end()) {
        objects[change.key] = source->second;
        objects.erase(change.from);
      }
      return;
  }
}

void ModelTest::crash_during(std::vector<Change>& changes) {
  for (Change& change : changes) world.spawn(carry_out(change));
  const Duration span = random.between(Duration(0), std::chrono::milliseconds(12));
  world.run([](sim::World& of, Duration wait) -> Task<void> {
    co_await of.sleep_until(of.now() + wait);
  }(world, span));
  close();
  open();
}

Objects ModelTest::look() {
  Objects objects;
  ListRequest request;
  request.bucket = bucket;
  const ListPage page = world.run(catalog->list(request)).value();
  std::uint64_t bytes = 0;
  for (const ObjectInfo& info : page.objects) {
    const auto read = world.run(get(bucket, info.key));
    EXPECT_TRUE(read.has_value()) << info.key << (read ? "" : read.error().context());
    objects[info.key] = read.value_or("");
    EXPECT_EQ(objects[info.key].size(), info.size);
    bytes += info.size;
  }
  const Usage usage = world.run(catalog->bucket_usage(bucket, "")).value();
  EXPECT_EQ(usage.objects, objects.size());
  EXPECT_EQ(usage.bytes, bytes);
  return objects;
}

// With no object and no upload left, no row of a content is either, and no chunk.
void ModelTest::expect_no_strays() {
  for (const auto& [key, bytes] : look()) {
    EXPECT_TRUE(world.run(catalog->remove(bucket, key, {})).value().has_value());
  }
  const WallTime later = {world.wall_now().since_epoch + std::chrono::hours(1)};
  EXPECT_TRUE(world.run(catalog->abort_stale_uploads(later)).has_value());
  EXPECT_EQ(count_rows(extents_family), 0u);
  EXPECT_EQ(count_rows(parts_family), 0u);
  EXPECT_TRUE(world.run(vault->collect(*catalog)).has_value());
  EXPECT_TRUE(vault->disk().chunks.empty());
  EXPECT_TRUE(world.run(catalog->remove_bucket("bucket")).has_value());
  EXPECT_EQ(count_rows(names_family), 0u);
  EXPECT_EQ(count_rows(counts_family), 0u);
}

Task<void> collect_once(MemoryVault& vault, Catalog& catalog) {
  EXPECT_TRUE((co_await vault.collect(catalog)).has_value());
}

TEST_P(ModelTest, AgreesWithAMapThroughCrashesAndCollections) {
  Objects model;
  for (int step = 0; step < 120 && !HasFailure(); ++step) {
    SCOPED_TRACE(fmt::format("seed {} step {}", GetParam(), step));
    auto changes = random_changes();
    if (random.chance(0.25)) {
      crash_during(changes);
      const Objects found = look();
      for (const Change& change : changes) {
        // The unanswered may have happened: its keys tell.
        Objects after = model;
        apply(after, change);
        const auto agrees = [&](const std::string& key) {
          return found.contains(key) == after.contains(key) &&
                 (!found.contains(key) || found.at(key) == after.at(key));
        };
        if (change.is_answered || (agrees(change.key) && agrees(change.from))) {
          model = std::move(after);
        }
      }
      EXPECT_EQ(found, model);
      continue;
    }
    std::vector<Task<void>> tasks;
    for (Change& change : changes) tasks.push_back(carry_out(change));
    if (random.chance(0.3)) tasks.push_back(collect_once(*vault, *catalog));
    run_together(std::move(tasks));
    for (const Change& change : changes) apply(model, change);
    if (random.chance(0.2)) EXPECT_EQ(look(), model);
  }
  EXPECT_EQ(look(), model);
  expect_no_strays();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, testing::ValuesIn(sim::seeds(5)));

}  // namespace
}  // namespace holdfast::catalog
