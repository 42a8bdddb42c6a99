#include "sim/table.h"

#include "env/table_contract.h"
#include "sim/disk.h"
#include "sim/world.h"

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using env::table_contract::families;
using env::table_contract::plain;
using env::table_contract::put_in_all;
using env::table_contract::value_of;

struct TableFixture {
  World world;
  TableStore store;
  std::unique_ptr<Table> open_table = Table::open(store, "table", families()).value();

  env::Table& table() { return *open_table; }
  void run(Task<void> task) { world.run(std::move(task)); }
  void crash() { open_copy("table"); }
  void open_copy(std::string folder) {
    open_table.reset();
    open_table = Table::open(store, std::move(folder), families()).value();
  }
};

}  // namespace
}  // namespace holdfast::sim

namespace holdfast::env {
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, TableContract, sim::TableFixture);
}  // namespace holdfast::env

namespace holdfast::sim {
namespace {

TEST(SimTableTest, ForgetsWhatWasNotFlushed) {
  TableFixture fixture;
  fixture.run(put_in_all(fixture.table(), "first", true));
  fixture.run(put_in_all(fixture.table(), "second", false));
  fixture.crash();
  EXPECT_EQ(fixture.world.run(value_of(fixture.table(), plain, "row")), "first");
}

TEST(SimTableTest, MayFlushByItself) {
  int survived = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    TableFixture fixture;
    fixture.open_table.reset();
    fixture.store = TableStore(seed, 0.5);
    fixture.crash();
    fixture.run(put_in_all(fixture.table(), "first", false));
    fixture.crash();
    survived += fixture.world.run(value_of(fixture.table(), plain, "row")) ? 1 : 0;
  }
  EXPECT_GT(survived, 5);
  EXPECT_LT(survived, 35);
}

TEST(SimTableTest, AFailedFlushMakesNothingDurable) {
  TableFixture fixture;
  fixture.run(put_in_all(fixture.table(), "first", false));
  fixture.store.fail_flushes(ErrorCode::full);
  EXPECT_EQ(fixture.world.run(fixture.table().flush()).error().code(), ErrorCode::full);
  fixture.crash();
  EXPECT_EQ(fixture.world.run(value_of(fixture.table(), plain, "row")), std::nullopt);
}

TEST(SimTableTest, CopiesAreFilesThatTablesCanBeMadeOf) {
  TableFixture fixture;
  Disk disk(1);
  fixture.store.keep_copies_on(disk);
  fixture.run(put_in_all(fixture.table(), "first", false));
  const auto files = fixture.world.run(fixture.table().copy_to("copy")).value();
  EXPECT_EQ(files.size(), disk.file_names().size());
  disk.crash(Loss::all);

  fixture.world.run(fixture.store.take_copy("copy")).value();
  fixture.open_copy("copy");
  EXPECT_EQ(fixture.world.run(value_of(fixture.table(), plain, "row")), "first");
  // Taken once: what came after is not gone.
  fixture.run(put_in_all(fixture.table(), "second", true));
  fixture.world.run(fixture.store.take_copy("copy")).value();
  fixture.open_copy("copy");
  EXPECT_EQ(fixture.world.run(value_of(fixture.table(), plain, "row")), "second");

  fixture.open_table.reset();
  fixture.store.remove("copy");
  fixture.world.run(disk.remove("copy/" + files.front().name)).value();
  EXPECT_EQ(fixture.world.run(fixture.store.take_copy("copy")).error().code(), ErrorCode::corrupt);
  fixture.open_copy("copy");
}

TEST(SimTableTest, WantsEveryFamilyNamed) {
  TableFixture fixture;
  fixture.run(put_in_all(fixture.table(), "first", true));
  fixture.open_table.reset();
  EXPECT_EQ(Table::open(fixture.store, "table", {{.name = "plain"}}).error().code(),
            ErrorCode::invalid);
}

}  // namespace
}  // namespace holdfast::sim
