// What env::Table promises, as tests that every implementation passes.
//
// A test program includes this, defines a fixture, and says
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyTable, TableContract, MyFixture);
// The fixture has
//   Table& table()                  with the families of table_contract::families(), empty at
//   first; void run(Task<void>)            on the table's loop; void crash() drops the table
//   without flush() and opens it anew; void open_copy(std::string)     opens instead what copy_to()
//   made of that name.
// References to table() end with crash() and open_copy().
#pragma once

#include "env/table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

namespace holdfast::env {

template <class Fixture>
class TableContract : public testing::Test {
 protected:
  Fixture fixture;
};

namespace table_contract {

inline constexpr Family plain = 0;
inline constexpr Family points = 1;
inline constexpr Family counters = 2;

inline std::vector<FamilyOptions> families() {
  return {{.name = "plain"},
          {.name = "points", .point_lookups = true},
          {.name = "counters", .counters = true}};
}

using Rows = std::vector<std::pair<std::string, std::string>>;

inline Task<std::optional<std::string>> value_of(Table& table, Family family, std::string key,
                                                 const Snapshot* snapshot = nullptr) {
  co_return (co_await table.get(family, std::move(key), snapshot)).value();
}

inline Task<Rows> rows_of(Table& table, ScanRange range) {
  Rows rows;
  (co_await table.scan(std::move(range), [&rows](auto key, auto value) {
    rows.emplace_back(key, value);
    return Visit::next();
  })).value();
  co_return rows;
}

// The keys visited when the answer to each is looked up in `jumps`, "" meaning stop.
inline Task<std::string> walk(Table& table, ScanRange range,
                              std::map<std::string, std::string> jumps) {
  std::string keys;
  (co_await table.scan(std::move(range), [&](std::string_view key, std::string_view) {
    keys += key;
    const auto jump = jumps.find(std::string(key));
    if (jump == jumps.end()) return Visit::next();
    return jump->second.empty() ? Visit::stop() : Visit::seek(jump->second);
  })).value();
  co_return keys;
}

inline Task<void> put_letters(Table& table, std::string letters) {
  Batch batch;
  for (const char letter : letters) batch.put(plain, std::string(1, letter), "value");
  (co_await table.apply(std::move(batch))).value();
}

inline Task<void> gets_what_was_put(Table& table) {
  Batch batch;
  batch.put(plain, "a", "1");
  batch.put(plain, "a", "2");
  batch.put(plain, std::string("zero\0inside", 11), std::string("\0\xff", 2));
  batch.put(plain, "empty", "");
  batch.put(points, "a", "other family");
  batch.put(plain, "gone", "x");
  batch.remove(plain, "gone");
  batch.remove(plain, "never there");
  (co_await table.apply(std::move(batch))).value();
  EXPECT_EQ(co_await value_of(table, plain, "a"), "2");
  EXPECT_EQ(co_await value_of(table, plain, std::string("zero\0inside", 11)),
            std::string("\0\xff", 2));
  EXPECT_EQ(co_await value_of(table, plain, "empty"), "");
  EXPECT_EQ(co_await value_of(table, points, "a"), "other family");
  EXPECT_EQ(co_await value_of(table, plain, "gone"), std::nullopt);
  EXPECT_EQ(co_await value_of(table, points, "empty"), std::nullopt);
}

inline Task<void> gets_many_in_order(Table& table) {
  Batch batch;
  batch.put(points, "a", "1");
  batch.put(points, "b", "2");
  (co_await table.apply(std::move(batch))).value();
  std::vector<std::string> keys{"b", "x", "a", "b"};
  const auto values = (co_await table.get_many(points, std::move(keys))).value();
  const std::vector<std::optional<std::string>> expected{"2", std::nullopt, "1", "2"};
  EXPECT_EQ(values, expected);
  EXPECT_TRUE((co_await table.get_many(points, {})).value().empty());
}

inline Task<void> scans_in_order_of_unsigned_bytes(Table& table) {
  Batch batch;
  for (const std::string key : {"b", "\xff", "a", "ab", "\x7f"}) batch.put(plain, key, "of " + key);
  batch.put(plain, std::string(1, '\0'), "of zero");
  (co_await table.apply(std::move(batch))).value();
  const Rows expected{{std::string(1, '\0'), "of zero"},
                      {"a", "of a"},
                      {"ab", "of ab"},
                      {"b", "of b"},
                      {"\x7f", "of \x7f"},
                      {"\xff", "of \xff"}};
  EXPECT_EQ(co_await rows_of(table, {.family = plain}), expected);
  const Rows reversed(expected.rbegin(), expected.rend());
  EXPECT_EQ(co_await rows_of(table, {.family = plain, .backwards = true}), reversed);
  EXPECT_TRUE((co_await rows_of(table, {.family = points})).empty());
}

inline Task<void> scans_ranges(Table& table) {
  co_await put_letters(table, "bdfh");
  const auto walk_range = [&table](std::string from, std::optional<std::string> until,
                                   bool backwards) {
    return walk(table,
                {.family = plain,
                 .from = std::move(from),
                 .until = std::move(until),
                 .backwards = backwards},
                {});
  };
  EXPECT_EQ(co_await walk_range("", std::nullopt, false), "bdfh");
  EXPECT_EQ(co_await walk_range("d", std::nullopt, false), "dfh");
  EXPECT_EQ(co_await walk_range("c", "h", false), "df");
  EXPECT_EQ(co_await walk_range("c", "g", false), "df");
  EXPECT_EQ(co_await walk_range("i", std::nullopt, false), "");
  EXPECT_EQ(co_await walk_range("d", "d", false), "");
  EXPECT_EQ(co_await walk_range("", std::nullopt, true), "hfdb");
  EXPECT_EQ(co_await walk_range("f", std::nullopt, true), "fdb");
  EXPECT_EQ(co_await walk_range("g", "d", true), "fd");
  EXPECT_EQ(co_await walk_range("g", "c", true), "fd");
  EXPECT_EQ(co_await walk_range("a", std::nullopt, true), "");
}

inline Task<void> seeks_and_stops(Table& table) {
  co_await put_letters(table, "abcdefgh");
  const ScanRange forwards{.family = plain, .until = "h"};
  const ScanRange backwards{.family = plain, .from = "g", .until = "b", .backwards = true};
  EXPECT_EQ(co_await walk(table, forwards, {{"b", "e"}, {"f", ""}}), "abef");
  EXPECT_EQ(co_await walk(table, forwards, {{"a", "cx"}, {"e", "z"}}), "ade");
  EXPECT_EQ(co_await walk(table, forwards, {{"c", "a"}, {"d", "d"}}), "abcdefg");
  EXPECT_EQ(co_await walk(table, forwards, {{"a", "h"}}), "a");
  EXPECT_EQ(co_await walk(table, backwards, {{"g", "d"}, {"c", ""}}), "gdc");
  EXPECT_EQ(co_await walk(table, backwards, {{"f", "cx"}}), "gfcb");
  EXPECT_EQ(co_await walk(table, backwards, {{"f", "g"}, {"e", "e"}}), "gfedcb");
  EXPECT_EQ(co_await walk(table, backwards, {{"f", "a"}}), "gf");
}

inline Task<void> adds_up(Table& table) {
  Batch batch;
  batch.add(counters, "k", {1, 2});
  batch.add(counters, "k", {10, -20, 5});
  (co_await table.apply(std::move(batch))).value();
  EXPECT_EQ(decode_counters((co_await value_of(table, counters, "k")).value()),
            (std::vector<std::int64_t>{11, -18, 5}));
  (co_await table.flush()).value();
  Batch more;
  more.add(counters, "k", {-11});
  more.put(counters, "set", encode_counters({7}));
  more.add(counters, "set", {1});
  (co_await table.apply(std::move(more))).value();
  EXPECT_EQ(decode_counters((co_await value_of(table, counters, "k")).value()),
            (std::vector<std::int64_t>{0, -18, 5}));
  EXPECT_EQ(decode_counters((co_await value_of(table, counters, "set")).value()),
            (std::vector<std::int64_t>{8}));
  Batch anew;
  anew.remove(counters, "k");
  anew.add(counters, "k", {3});
  (co_await table.apply(std::move(anew))).value();
  EXPECT_EQ(decode_counters((co_await value_of(table, counters, "k")).value()),
            (std::vector<std::int64_t>{3}));
}

inline Task<void> removes_ranges(Table& table) {
  co_await put_letters(table, "abcdef");
  (co_await table.flush()).value();
  Batch batch;
  batch.put(plain, "bb", "value");
  batch.remove_range(plain, "b", "e");
  batch.put(plain, "c", "again");
  (co_await table.apply(std::move(batch))).value();
  EXPECT_EQ(co_await walk(table, {.family = plain}, {}), "acef");
  EXPECT_EQ(co_await value_of(table, plain, "b"), std::nullopt);
  EXPECT_EQ(co_await value_of(table, plain, "c"), "again");
}

inline Task<void> snapshots_stand_still(Table& table) {
  Batch first;
  first.put(plain, "a", "1");
  first.put(plain, "b", "1");
  first.add(counters, "n", {1});
  (co_await table.apply(std::move(first))).value();
  const auto old = table.snapshot();
  Batch second;
  second.put(plain, "a", "2");
  second.remove(plain, "b");
  second.put(plain, "c", "2");
  second.add(counters, "n", {1});
  (co_await table.apply(std::move(second))).value();
  (co_await table.flush()).value();
  const auto middle = table.snapshot();
  Batch third;
  third.remove_range(plain, "a", "z");
  (co_await table.apply(std::move(third))).value();

  EXPECT_EQ(co_await value_of(table, plain, "a", old.get()), "1");
  EXPECT_EQ(co_await value_of(table, plain, "c", old.get()), std::nullopt);
  EXPECT_EQ(co_await value_of(table, plain, "b", middle.get()), std::nullopt);
  EXPECT_EQ(decode_counters((co_await value_of(table, counters, "n", old.get())).value()),
            (std::vector<std::int64_t>{1}));
  EXPECT_EQ(co_await rows_of(table, {.family = plain, .snapshot = old.get()}),
            (Rows{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(co_await rows_of(table, {.family = plain, .backwards = true, .snapshot = middle.get()}),
            (Rows{{"c", "2"}, {"a", "2"}}));
  EXPECT_TRUE((co_await rows_of(table, {.family = plain})).empty());
}

inline Task<void> put_in_all(Table& table, std::string value, bool flushes) {
  Batch batch;
  batch.put(plain, "row", value);
  batch.put(points, "row", value);
  batch.add(counters, "row", {1});
  (co_await table.apply(std::move(batch))).value();
  if (flushes) (co_await table.flush()).value();
}

// All families hold the state after `count` calls of put_in_all(), the last with `value`.
inline Task<void> expect_in_all(Table& table, std::string value, std::int64_t count) {
  EXPECT_EQ(co_await value_of(table, plain, "row"), value);
  EXPECT_EQ(co_await value_of(table, points, "row"), value);
  EXPECT_EQ(decode_counters((co_await value_of(table, counters, "row")).value()),
            (std::vector<std::int64_t>{count}));
}

inline Task<void> expect_at_least_first(Table& table) {
  const bool has_second = co_await value_of(table, plain, "row") == "second";
  co_await expect_in_all(table, has_second ? "second" : "first", has_second ? 2 : 1);
}

inline Task<void> copy(Table& table, std::string folder) {
  const auto files = (co_await table.copy_to(folder)).value();
  EXPECT_FALSE(files.empty());
  EXPECT_EQ((co_await table.copy_to(folder)).error().code(), ErrorCode::already_exists);
  EXPECT_GT(table.usage().disk, 0u);
}

// Random batches, scans and snapshots, compared with maps.
inline Task<void> agrees_with_a_map(Table& table) {
  std::mt19937 random(42);
  const auto key = [&random] { return "key" + std::to_string(random() % 40); };
  std::map<std::string, std::string> model;
  std::map<std::string, std::string> old_model;
  std::unique_ptr<Snapshot> old = table.snapshot();
  for (int round = 0; round < 200; ++round) {
    Batch batch;
    for (unsigned change = random() % 6; change > 0; --change) {
      const std::string at = key();
      if (random() % 3 != 0) {
        batch.put(plain, at, std::to_string(round));
        model[at] = std::to_string(round);
      } else if (random() % 4 != 0) {
        batch.remove(plain, at);
        model.erase(at);
      } else if (const std::string until = key(); at < until) {
        batch.remove_range(plain, at, until);
        model.erase(model.lower_bound(at), model.lower_bound(until));
      }
    }
    (co_await table.apply(std::move(batch))).value();
    if (round % 40 == 7) (co_await table.flush()).value();
    if (round % 20 == 3) {
      old = table.snapshot();
      old_model = model;
    }
    EXPECT_EQ(co_await rows_of(table, {.family = plain}), Rows(model.begin(), model.end()));
    EXPECT_EQ(co_await rows_of(table, {.family = plain, .backwards = true, .snapshot = old.get()}),
              Rows(old_model.rbegin(), old_model.rend()));
  }
}

}  // namespace table_contract

TYPED_TEST_SUITE_P(TableContract);

#define TABLE_CONTRACT(Sentence, task)                              \
  TYPED_TEST_P(TableContract, Sentence) {                           \
    this->fixture.run(table_contract::task(this->fixture.table())); \
  }
TABLE_CONTRACT(GetsWhatWasPut, gets_what_was_put)
TABLE_CONTRACT(GetsManyInTheirOrder, gets_many_in_order)
TABLE_CONTRACT(ScansInOrderOfUnsignedBytes, scans_in_order_of_unsigned_bytes)
TABLE_CONTRACT(ScansRangesBothWays, scans_ranges)
TABLE_CONTRACT(SeeksAheadAndStops, seeks_and_stops)
TABLE_CONTRACT(AddsToCounters, adds_up)
TABLE_CONTRACT(RemovesRanges, removes_ranges)
TABLE_CONTRACT(SnapshotsStandStill, snapshots_stand_still)
TABLE_CONTRACT(AgreesWithAMap, agrees_with_a_map)
#undef TABLE_CONTRACT

TYPED_TEST_P(TableContract, ACrashKeepsWhatWasFlushedInAllFamilies) {
  auto& fixture = this->fixture;
  fixture.run(table_contract::put_in_all(fixture.table(), "first", true));
  fixture.run(table_contract::put_in_all(fixture.table(), "second", false));
  fixture.run(table_contract::expect_in_all(fixture.table(), "second", 2));
  fixture.crash();
  fixture.run(table_contract::expect_at_least_first(fixture.table()));
}

TYPED_TEST_P(TableContract, ACopyHoldsTheStateOfItsMoment) {
  auto& fixture = this->fixture;
  fixture.run(table_contract::put_in_all(fixture.table(), "first", false));
  fixture.run(table_contract::copy(fixture.table(), "copy"));
  fixture.run(table_contract::put_in_all(fixture.table(), "second", true));
  fixture.open_copy("copy");
  fixture.run(table_contract::expect_in_all(fixture.table(), "first", 1));
}

REGISTER_TYPED_TEST_SUITE_P(TableContract, GetsWhatWasPut, GetsManyInTheirOrder,
                            ScansInOrderOfUnsignedBytes, ScansRangesBothWays, SeeksAheadAndStops,
                            AddsToCounters, RemovesRanges, SnapshotsStandStill, AgreesWithAMap,
                            ACrashKeepsWhatWasFlushedInAllFamilies, ACopyHoldsTheStateOfItsMoment);

}  // namespace holdfast::env
