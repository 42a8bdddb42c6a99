#include "env/rocksdb/table.h"

#include "env/rocksdb/loop_test.h"
#include "env/table_contract.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace holdfast::env::rocksdb {
namespace {

constexpr Key key{std::byte{7}};
constexpr Family names = 0;
constexpr Family chunks = 1;
constexpr Family counts = 2;

class RocksTableTest : public testing::Test {
 protected:
  RocksTableTest() {
    std::string pattern = testing::TempDir() + "/rocks_table_XXXXXX";
    root_ = mkdtemp(pattern.data());
    open();
  }
  void TearDown() override {
    table_.reset();
    std::filesystem::remove_all(root_);
  }

  Options options(std::string folder = "table") const {
    return {.root = root_,
            .folder = std::move(folder),
            .key = key,
            .families = {{.name = "names"},
                         {.name = "chunks", .point_lookups = true},
                         {.name = "counts", .counters = true}},
            .cache_bytes = 4 * mib,
            .unflushed_bytes = 8 * mib};
  }

  void open() { table_ = run(open_table(options())).value(); }
  // What a crash of the process leaves: nothing is flushed.
  void reopen() {
    table_.reset();
    open();
  }
  void apply(Batch batch) { EXPECT_TRUE(run(table_->apply(std::move(batch))).has_value()); }
  void flush() { EXPECT_TRUE(run(table_->flush()).has_value()); }
  void put(Family family, std::string row, std::string value) {
    Batch batch;
    batch.put(family, std::move(row), std::move(value));
    apply(std::move(batch));
  }
  std::optional<std::string> get(Family family, std::string row,
                                 const Snapshot* snapshot = nullptr) {
    return run(table_->get(family, std::move(row), snapshot)).value();
  }
  std::vector<std::string> scan(ScanRange range, std::size_t rows_max = SIZE_MAX) {
    std::vector<std::string> found;
    const Visitor visitor = [&](std::string_view row, std::string_view) {
      found.emplace_back(row);
      return found.size() < rows_max ? Visit::next() : Visit::stop();
    };
    EXPECT_TRUE(run(table_->scan(std::move(range), visitor)).has_value());
    return found;
  }
  static std::string number(int n) { return fmt::format("{:06}", n); }
  void put_numbers(int count) {
    Batch batch;
    for (int n = 0; n < count; ++n) batch.put(names, number(n), "value of " + number(n));
    apply(std::move(batch));
  }
  std::string raw_files() const {
    std::string all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(root_)) {
      if (!file.is_regular_file()) continue;
      std::ifstream stream(file.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(stream), {});
    }
    return all;
  }

  std::string root_;
  std::unique_ptr<Table> table_;
};

TEST_F(RocksTableTest, WhatWasAppliedIsRead) {
  put(names, "a", "1");
  EXPECT_EQ(get(names, "a"), "1");
  EXPECT_EQ(get(names, "b"), std::nullopt);
  EXPECT_EQ(get(chunks, "a"), std::nullopt);
  Batch batch;
  batch.remove(names, "a");
  batch.put(names, "b", "");
  apply(std::move(batch));
  EXPECT_EQ(get(names, "a"), std::nullopt);
  EXPECT_EQ(get(names, "b"), "");
}

TEST_F(RocksTableTest, ACrashBringsBackTheLastFlush) {
  put(names, "a", "kept");
  put(chunks, "c", "kept");
  flush();
  put(names, "a", "lost");
  put(chunks, "d", "lost");
  reopen();
  EXPECT_EQ(get(names, "a"), "kept");
  EXPECT_EQ(get(chunks, "c"), "kept");
  EXPECT_EQ(get(chunks, "d"), std::nullopt);
}

// Memory fills many times over; whatever was flushed by that is a state between two batches.
TEST_F(RocksTableTest, WhatACrashLeavesIsOfOneMomentInAllFamilies) {
  const std::string large(64 * kib, 'x');
  for (int n = 0; n < 400; ++n) {
    Batch batch;
    batch.put(names, "position", number(n));
    batch.put(chunks, "position", number(n));
    batch.put(n % 2 == 0 ? names : chunks, number(n), large);
    apply(std::move(batch));
  }
  reopen();
  const auto position = get(names, "position");
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(get(chunks, "position"), position);
  for (int n = 0; n < 400; ++n) {
    EXPECT_EQ(get(n % 2 == 0 ? names : chunks, number(n)).has_value(), number(n) <= *position);
  }
}

TEST_F(RocksTableTest, CountersAddUpOverFlushesAndFolds) {
  for (int n = 0; n < 100; ++n) {
    Batch batch;
    batch.add(counts, "folder", {1, -2});
    if (n == 50) batch.add(counts, "folder", {0, 0, 7});
    apply(std::move(batch));
    if (n % 30 == 0) flush();
  }
  EXPECT_EQ(decode_counters(get(counts, "folder").value()),
            (std::vector<std::int64_t>{100, -200, 7}));
}

TEST_F(RocksTableTest, RangesAreRemovedAndEmptyOnesAreNot) {
  put_numbers(100);
  Batch batch;
  batch.remove_range(names, number(10), number(90));
  batch.remove_range(names, number(5), number(5));
  batch.remove_range(names, number(8), number(3));
  apply(std::move(batch));
  EXPECT_EQ(scan({.family = names, .from = ""}).size(), 20);
  flush();
  EXPECT_EQ(get(names, number(10)), std::nullopt);
  EXPECT_NE(get(names, number(90)), std::nullopt);
}

// Long enough to begin on the loop and end on a thread, with rows in memory and on disk.
TEST_F(RocksTableTest, ScansGoBothWaysThroughMemoryAndDisk) {
  put_numbers(1000);
  flush();
  reopen();
  put(names, number(500) + "a", "");
  const auto up = scan({.family = names, .from = number(100), .until = number(900)});
  ASSERT_EQ(up.size(), 801);
  EXPECT_TRUE(std::ranges::is_sorted(up));
  EXPECT_EQ(up.front(), number(100));
  EXPECT_EQ(up.back(), number(899));
  auto down = scan({.family = names, .from = number(899), .until = number(100), .backwards = true});
  std::ranges::reverse(down);
  EXPECT_EQ(down, up);
  EXPECT_EQ(scan({.family = names, .from = "000500"}, 3),
            (std::vector<std::string>{"000500", "000500a", "000501"}));
}

TEST_F(RocksTableTest, AVisitorSkipsAhead) {
  put_numbers(1000);
  flush();
  for (const bool backwards : {false, true}) {
    std::vector<std::string> found;
    const Visitor visitor = [&](std::string_view row, std::string_view) {
      found.emplace_back(row);
      const int at = std::stoi(found.back());
      return at == (backwards ? 0 : 990) ? Visit::next()
                                         : Visit::seek(number(backwards ? at - 10 : at + 10));
    };
    reopen();
    ScanRange range{.family = names, .from = number(backwards ? 990 : 0), .backwards = backwards};
    EXPECT_TRUE(run(table_->scan(range, visitor)).has_value());
    EXPECT_EQ(found.size(), backwards ? 100 : 101);  // Upwards, 991 is after 990.
  }
}

TEST_F(RocksTableTest, ASnapshotStaysAsItWas) {
  put_numbers(300);
  const auto snapshot = table_->snapshot();
  Batch batch;
  batch.remove_range(names, "", "z");
  apply(std::move(batch));
  flush();
  EXPECT_EQ(get(names, number(7)), std::nullopt);
  EXPECT_EQ(get(names, number(7), snapshot.get()), "value of 000007");
  EXPECT_TRUE(scan({.family = names, .from = ""}).empty());
  EXPECT_EQ(scan({.family = names, .from = "", .snapshot = snapshot.get()}).size(), 300);
}

TEST_F(RocksTableTest, ManyKeysAreAnsweredInTheirOrder) {
  put_numbers(600);
  flush();
  reopen();
  for (const int count : {0, 10, 600}) {
    std::vector<std::string> keys;
    for (int n = 0; n < count; ++n) keys.push_back(n % 3 == 0 ? "none" : number(599 - n));
    const auto values = run(table_->get_many(names, keys)).value();
    ASSERT_EQ(values.size(), keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      EXPECT_EQ(values[i].has_value(), i % 3 != 0);
      if (values[i]) {
        EXPECT_EQ(*values[i], "value of " + keys[i]);
      }
    }
  }
}

TEST_F(RocksTableTest, ACopyIsATableOfItsOwn) {
  put_numbers(100);
  const auto files = run(table_->copy_to("copy")).value();
  put(names, number(5), "later");
  std::uint64_t sst_files = 0;
  for (const TableFile& file : files) {
    EXPECT_EQ(file.size, std::filesystem::file_size(root_ + "/copy/" + file.name)) << file.name;
    sst_files += file.name.ends_with(".sst") ? 1 : 0;
  }
  EXPECT_GE(sst_files, 1);
  EXPECT_EQ(run(table_->copy_to("copy")).error().code(), ErrorCode::already_exists);

  table_ = run(open_table(options("copy"))).value();
  EXPECT_EQ(get(names, number(5)), "value of 000005");
}

TEST_F(RocksTableTest, NothingPlainIsOnDisk) {
  for (int n = 0; n < 1000; ++n) put(names, "secret name " + number(n), "secret value");
  put(chunks, "secret chunk", "secret place");
  flush();
  const auto files = run(table_->copy_to("copy")).value();
  reopen();
  const std::string raw = raw_files();
  ASSERT_GT(raw.size(), 10'000);
  for (const std::string_view word :
       {"secret", "name 0", "rocksdb", "RocksDB", "MANIFEST", "hunks"}) {
    EXPECT_EQ(raw.find(word), std::string::npos) << word;
  }
}

TEST_F(RocksTableTest, AnotherKeyIsDenied) {
  flush();
  table_.reset();
  Options other = options();
  other.key[31] = std::byte{1};
  EXPECT_EQ(run(open_table(other)).error().code(), ErrorCode::denied);
  open();
}

TEST_F(RocksTableTest, ATableIsOpenOnlyOnce) {
  EXPECT_EQ(run(open_table(options())).error().code(), ErrorCode::conflict);
}

TEST_F(RocksTableTest, FamiliesMayBeAddedButNotDropped) {
  put(names, "a", "1");
  flush();
  table_.reset();
  Options fewer = options();
  fewer.families.pop_back();
  EXPECT_EQ(run(open_table(fewer)).error().code(), ErrorCode::unsupported);
  Options more = options();
  more.families.push_back({.name = "later"});
  table_ = run(open_table(more)).value();
  EXPECT_EQ(get(names, "a"), "1");
  put(3, "b", "2");
  EXPECT_EQ(get(3, "b"), "2");
}

// Flips one bit in the middle of each file in turn. A read may fail or answer right, never wrong.
TEST_F(RocksTableTest, AFlippedBitIsNeverReturned) {
  put_numbers(2000);
  flush();
  table_.reset();
  int refusals = 0;
  for (const auto& file : std::filesystem::directory_iterator(root_ + "/table")) {
    const auto size = file.file_size();
    if (size <= file_header_bytes) continue;
    std::fstream stream(file.path(), std::ios::binary | std::ios::in | std::ios::out);
    const auto flip = [&] {
      stream.seekg(static_cast<std::streamoff>(size / 2));
      const auto byte = static_cast<char>(stream.get() ^ 4);
      stream.seekp(static_cast<std::streamoff>(size / 2));
      stream.put(byte);
      stream.flush();
    };
    const std::string name = file.path().filename();
    const bool is_listing = name.starts_with("OPTIONS") || name.starts_with("IDENTITY");
    flip();
    auto opened = run(open_table(options()));
    if (opened) {
      table_ = *std::move(opened);
      for (int n = 0; n < 2000; ++n) {
        const auto value = run(table_->get(names, number(n)));
        refusals += value ? 0 : 1;
        if (value) {
          EXPECT_EQ(*value, "value of " + number(n)) << name;
        } else {
          EXPECT_EQ(value.error().code(), ErrorCode::corrupt) << value.error().context();
        }
      }
      table_.reset();
    } else {
      EXPECT_FALSE(is_listing) << opened.error().context();
      ++refusals;
    }
    if (!name.ends_with(".sst")) return;  // A table that was opened has other such files now.
    flip();
  }
  EXPECT_GT(refusals, 0);
}

// Whoever keeps a copy is told to use it, again and again, instead of meeting the damage each time.
TEST_F(RocksTableTest, WhatWasFoundDamagedInTheBackgroundIsNotOpenedAgain) {
  put_numbers(2000);
  flush();
  table_.reset();
  for (const auto& file : std::filesystem::directory_iterator(root_ + "/table")) {
    if (file.path().extension() != ".sst") continue;
    std::fstream stream(file.path(), std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(1000);
    const auto byte = static_cast<char>(stream.get() ^ 4);
    stream.seekp(1000);
    stream.put(byte);
  }
  open();
  EXPECT_FALSE(has_met_damage(options()));
  for (int round = 0; round < 500 && !has_met_damage(options()); ++round) {
    put_numbers(2000);
    static_cast<void>(run(table_->flush()));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  table_.reset();
  const auto opened = run(open_table(options()));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::corrupt) << opened.error().context();
}

TEST_F(RocksTableTest, ADamagedIdentityIsMadeAnew) {
  put_numbers(10);
  flush();
  table_.reset();
  std::fstream stream(root_ + "/table/IDENTITY", std::ios::binary | std::ios::in | std::ios::out);
  stream.seekg(40);
  const auto byte = static_cast<char>(stream.get() ^ 4);
  stream.seekp(40);
  stream.put(byte);
  stream.close();
  reopen();
  EXPECT_EQ(run(table_->get(names, number(3))).value(), "value of " + number(3));
}

// The same for scans over files that were merged, with ranges removed in them.
TEST_F(RocksTableTest, AFlippedBitNeverHidesRowsFromAScan) {
  for (int round = 0; round < 6; ++round) {
    put_numbers(3000);
    Batch batch;
    batch.remove_range(names, number(round * 100), number(round * 100 + 50));
    batch.remove_range(names, number(2990), number(2995));
    apply(std::move(batch));
    flush();
  }
  const auto expected = scan({.family = names, .from = ""});
  ASSERT_EQ(expected.size(), 2945);
  reopen();
  table_.reset();
  std::filesystem::copy(root_ + "/table", root_ + "/whole",
                        std::filesystem::copy_options::recursive);
  int refusals = 0;
  for (const auto& file : std::filesystem::directory_iterator(root_ + "/whole")) {
    const std::string name = file.path().filename();
    if (!name.ends_with(".sst")) continue;
    for (const std::uint64_t part : {1U, 3U, 5U, 7U}) {
      std::filesystem::remove_all(root_ + "/table");
      std::filesystem::copy(root_ + "/whole", root_ + "/table");
      const auto place =
          static_cast<std::streamoff>(file_header_bytes + 20 + file.file_size() * part / 16);
      {
        std::fstream stream(root_ + "/table/" + name,
                            std::ios::binary | std::ios::in | std::ios::out);
        stream.seekg(place);
        const auto byte = static_cast<char>(stream.get() ^ 4);
        stream.seekp(place);
        stream.put(byte);
      }
      auto opened = run(open_table(options()));
      if (!opened) {
        ++refusals;
        continue;
      }
      table_ = *std::move(opened);
      std::vector<std::string> found;
      const auto outcome = run(table_->scan({.family = names, .from = ""}, [&](auto row, auto) {
        found.emplace_back(row);
        return Visit::next();
      }));
      if (outcome) {
        EXPECT_EQ(found, expected) << name << " at " << place;
      } else {
        EXPECT_EQ(outcome.error().code(), ErrorCode::corrupt);
        ++refusals;
      }
      table_.reset();
    }
  }
  EXPECT_GT(refusals, 0);
}

TEST_F(RocksTableTest, UsageGrowsWithWhatIsStored) {
  const auto before = table_->usage();
  put(names, "a", std::string(mib, 'x'));
  EXPECT_GT(table_->usage().memory, before.memory + mib / 2);
  flush();
  EXPECT_GT(table_->usage().disk, before.disk);
}

}  // namespace
}  // namespace holdfast::env::rocksdb

namespace holdfast::env {
namespace {

class RocksTableFixture {
 public:
  RocksTableFixture() {
    std::string pattern = testing::TempDir() + "/table_contract_XXXXXX";
    root_ = mkdtemp(pattern.data());
    open_copy("table");
  }
  RocksTableFixture(const RocksTableFixture&) = delete;
  RocksTableFixture& operator=(const RocksTableFixture&) = delete;
  ~RocksTableFixture() {
    table_.reset();
    std::filesystem::remove_all(root_);
  }

  Table& table() { return *table_; }
  void run(Task<void> task) {
    boost::asio::co_spawn(rocksdb::loop(), std::move(task), rethrow);
    rocksdb::loop().restart();
    rocksdb::loop().run();
  }
  void crash() { open_copy("table"); }
  void open_copy(std::string folder) {
    table_.reset();
    run(open(std::move(folder)));
  }

 private:
  Task<void> open(std::string folder) {
    rocksdb::Options options{
        .root = root_, .folder = std::move(folder), .families = table_contract::families()};
    table_ = (co_await rocksdb::open_table(std::move(options))).value();
  }

  std::string root_;
  std::unique_ptr<Table> table_;
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Rocks, TableContract, RocksTableFixture);

}  // namespace holdfast::env
