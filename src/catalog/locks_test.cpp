#include "catalog/locks.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

namespace holdfast::catalog {
namespace {

class LocksTest : public testing::Test {
 protected:
  void spawn(Locks::Mode mode, int number) {
    group.spawn(loop.get_executor(), take_and_note(mode, number));
  }
  Task<void> take_and_note(Locks::Mode mode, int number) {
    const auto hold = co_await locks.take("name", mode);
    order.push_back(number);
    co_await leave[static_cast<std::size_t>(number)].wait();
  }
  Task<void> take_other() {
    const auto hold = co_await locks.exclude("other");
    order.push_back(9);
  }
  void run() {
    loop.restart();
    loop.poll();
  }

  boost::asio::io_context loop;
  TaskGroup group;
  Locks locks;
  std::array<Event, 8> leave;
  std::vector<int> order;
};

TEST_F(LocksTest, SharersGoTogetherAndAnExclusiveHolderAlone) {
  spawn(Locks::Mode::shared, 0);
  spawn(Locks::Mode::shared, 1);
  spawn(Locks::Mode::exclusive, 2);
  spawn(Locks::Mode::shared, 3);
  run();
  EXPECT_EQ(order, (std::vector{0, 1}));
  leave[0].set();
  run();
  EXPECT_EQ(order, (std::vector{0, 1}));
  leave[1].set();
  run();
  EXPECT_EQ(order, (std::vector{0, 1, 2}));
  leave[2].set();
  run();
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(locks.count(), 1u);
  leave[3].set();
  run();
  EXPECT_EQ(locks.count(), 0u);
}

TEST_F(LocksTest, OtherNamesDoNotWait) {
  spawn(Locks::Mode::exclusive, 0);
  group.spawn(loop.get_executor(), take_other());
  run();
  EXPECT_EQ(order, (std::vector{0, 9}));
  leave[0].set();
  run();
}

}  // namespace
}  // namespace holdfast::catalog
