// What tests of the catalog share: a world with a vault in memory and a catalog on it.
#pragma once

#include "catalog/catalog.h"
#include "catalog/memory_vault_test.h"
#include "sim/world.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace holdfast::catalog {

class CatalogTest : public testing::Test {
 protected:
  explicit CatalogTest(std::uint64_t seed = 1) : world(seed), disk(seed) { open(); }
  void TearDown() override { close(); }

  void open() {
    vault = world.run(MemoryVault::open(disk, world)).value();
    catalog = world.run(Catalog::open(*vault, world, world.random())).value();
  }
  // The process is killed: what was under way never goes on.
  void close() {
    world.abandon();
    catalog.reset();
    vault.reset();
  }

  BucketId make_bucket(std::string name) {
    return world.run(catalog->create_bucket(std::move(name), 1, {})).value().id;
  }
  Task<Result<ObjectInfo>> put(BucketId bucket, std::string key, std::string bytes,
                               Condition condition = {}) {
    vault::Content content = vault->write(bytes);
    co_return co_await catalog->put(
        bucket, std::move(key), std::move(content),
        {.etag = "etag of " + bytes.substr(0, 8), .modified = world.wall_now(), .fields = {}},
        std::move(condition));
  }
  Task<Result<std::string>> get(BucketId bucket, std::string key, RangeChooser range = {}) {
    CO_TRY_LET(const OpenObject object,
               co_await catalog->get(bucket, std::move(key), std::move(range)));
    co_return co_await read_all(*object.body);
  }
  static Task<Result<std::string>> read_all(vault::ContentReader& reader) {
    std::string bytes;
    for (;;) {
      CO_TRY_LET(const auto pieces, co_await reader.read());
      if (pieces.empty()) co_return bytes;
      for (const ByteView piece : pieces) bytes += as_text(piece);
    }
  }
  // Of `size` bytes that repeat late.
  static std::string pattern(std::size_t size, int seed = 0) {
    std::string bytes;
    for (int i = 0; bytes.size() < size; ++i) bytes += fmt::format("{}.{},", seed, i);
    bytes.resize(size);
    return bytes;
  }
  std::size_t count_rows(env::Family family) {
    std::size_t count = 0;
    const auto note = [&count](std::string_view, std::string_view) {
      ++count;
      return env::Visit::next();
    };
    env::ScanRange range;
    range.family = family;
    EXPECT_TRUE(world.run(vault->table().scan(std::move(range), note)).has_value());
    return count;
  }
  template <class T>
  static ErrorCode code_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? ErrorCode::io : result.error().code();
  }
  // Runs `tasks` at once, to the end.
  void run_together(std::vector<Task<void>> tasks) { world.run(together(std::move(tasks))); }
  Task<void> together(std::vector<Task<void>> tasks) {
    TaskGroup group;
    for (auto& task : tasks) group.spawn(world.executor(), std::move(task));
    co_await group.join();
  }

  sim::World world;
  MemoryDisk disk;
  std::unique_ptr<MemoryVault> vault;
  std::unique_ptr<Catalog> catalog;
};

}  // namespace holdfast::catalog
