#include "base/sync.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

namespace asio = boost::asio;

class SyncTest : public testing::Test {
 protected:
  asio::io_context loop;
  std::vector<int> order;
};

Task<void> take_and_note(Semaphore& semaphore, std::size_t credit, int name, Event& until,
                         std::vector<int>& order) {
  const auto hold = co_await semaphore.take(credit);
  order.push_back(name);
  co_await until.wait();
}

TEST_F(SyncTest, NobodyOvertakesALargeTaker) {
  Semaphore semaphore(2);
  TaskGroup group;
  Event first;
  Event rest;
  group.spawn(loop.get_executor(), take_and_note(semaphore, 1, 1, first, order));
  group.spawn(loop.get_executor(), take_and_note(semaphore, 2, 2, rest, order));
  group.spawn(loop.get_executor(), take_and_note(semaphore, 1, 3, rest, order));
  loop.poll();
  EXPECT_EQ(order, std::vector{1});
  first.set();
  rest.set();
  loop.restart();
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(semaphore.available(), 2u);
}

TEST_F(SyncTest, TakingMoreThanAllTakesAll) {
  Semaphore semaphore(2);
  TaskGroup group;
  Event done;
  done.set();
  group.spawn(loop.get_executor(), take_and_note(semaphore, 100, 1, done, order));
  loop.run();
  EXPECT_EQ(order, std::vector{1});
  EXPECT_EQ(semaphore.available(), 2u);
}

Task<void> join_and_note(TaskGroup& group, std::vector<int>& order) {
  co_await group.join();
  order.push_back(9);
}

TEST_F(SyncTest, JoinWaitsForEveryTask) {
  Semaphore semaphore(1);
  TaskGroup group;
  Event done;
  group.spawn(loop.get_executor(), take_and_note(semaphore, 1, 1, done, order));
  group.spawn(loop.get_executor(), take_and_note(semaphore, 1, 2, done, order));
  asio::co_spawn(loop, join_and_note(group, order), rethrow);
  loop.poll();
  EXPECT_EQ(order, std::vector{1});
  done.set();
  loop.restart();
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 9}));
}

// Waits in a list that its own frame holds: nobody but the loop can free it.
Task<void> wait_for_oneself(Semaphore& semaphore) {
  const auto hold = co_await semaphore.take();
  Event never;
  co_await never.wait();
}

Task<void> own_a_group(std::vector<int>& order) {
  TaskGroup group;
  Event never;
  group.spawn(co_await asio::this_coro::executor, join_and_note(group, order));
  co_await never.wait();
}

TEST(SyncEndTest, ALoopTakesWhoWaitsWithIt) {
  Semaphore semaphore(1);
  {
    asio::io_context loop;
    TaskGroup group;
    group.spawn(loop.get_executor(), wait_for_oneself(semaphore));
    group.spawn(loop.get_executor(), wait_for_oneself(semaphore));
    loop.poll();
    EXPECT_EQ(semaphore.available(), 0u);
    EXPECT_EQ(take_parked(loop).size(), 2u);
    loop.restart();
    loop.poll();
    EXPECT_EQ(group.count(), 0u);
  }
  EXPECT_EQ(semaphore.available(), 1u);
}

TEST(SyncEndTest, AGroupMayEndWithItsTasksUnfinished) {
  std::vector<int> order;
  asio::io_context loop;
  asio::co_spawn(loop, own_a_group(order), rethrow);
  loop.poll();
  auto parked = take_parked(loop);
  ASSERT_EQ(parked.size(), 2u);
  for (auto& member_then_owner : parked) {
    member_then_owner.reset();
    loop.restart();
    loop.poll();
  }
  EXPECT_TRUE(order.empty());
}

}  // namespace
}  // namespace holdfast
