#include "env/linux/clock.h"

#include "base/sync.h"
#include "env/linux/random.h"
#include "env/linux/support_test.h"
#include "env/linux/workers.h"

#include <gtest/gtest.h>

#include <thread>

namespace holdfast::env::linux {
namespace {

using namespace std::chrono_literals;

Task<void> sleep_and_note(Clock& clock, Instant wake, int name, std::vector<int>& order) {
  co_await clock.sleep_until(wake);
  EXPECT_GE(clock.now(), wake);
  order.push_back(name);
}

Task<void> sleep_in_turn(Clock& clock, boost::asio::any_io_executor executor,
                         std::vector<int>& order) {
  TaskGroup sleepers;
  const Instant start = clock.now();
  sleepers.spawn(executor, sleep_and_note(clock, start + 30ms, 3, order));
  sleepers.spawn(executor, sleep_and_note(clock, start + 10ms, 1, order));
  sleepers.spawn(executor, sleep_and_note(clock, start + 20ms, 2, order));
  sleepers.spawn(executor, sleep_and_note(clock, start - 1h, 0, order));
  co_await sleepers.join();
}

TEST(LinuxClockTest, WakesSleepersInOrderOfTheirTimes) {
  TestLoop loop;
  const auto clock = Clock::open(loop.executor()).value();
  std::vector<int> order;
  loop.run(sleep_in_turn(*clock, loop.executor(), order));
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
  EXPECT_GT(clock->wall_now().since_epoch, std::chrono::hours(24 * 365 * 50));
}

TEST(LinuxClockTest, MayEndWhileSomeoneSleeps) {
  std::vector<int> order;
  TaskGroup sleepers;
  TestLoop loop;
  {
    const auto clock = Clock::open(loop.executor()).value();
    sleepers.spawn(loop.executor(), sleep_and_note(*clock, clock->now() + 1h, 1, order));
    loop.settle();
  }
  EXPECT_TRUE(order.empty());
}

TEST(LinuxRandomTest, NeverDrawsTheSame) {
  Random random;
  EXPECT_NE(random.draw<SlotId>(), random.draw<SlotId>());
  Bytes large(1 * mib);
  random.fill(large);
  EXPECT_NE(large, Bytes(1 * mib));
}

Task<void> add_one(Workers& workers, std::thread::id loop_thread, int& sum) {
  const int one = co_await workers.call([loop_thread] {
    EXPECT_NE(std::this_thread::get_id(), loop_thread);
    return 1;
  });
  EXPECT_EQ(std::this_thread::get_id(), loop_thread);
  sum += one;
}

Task<void> add_many(Workers& workers, boost::asio::any_io_executor executor, int& sum) {
  TaskGroup group;
  for (int i = 0; i < 5000; ++i) {
    group.spawn(executor, add_one(workers, std::this_thread::get_id(), sum));
  }
  co_await group.join();
}

TEST(LinuxWorkersTest, RunOnTheirThreadsAndReturnToTheLoop) {
  TestLoop loop;
  Workers workers(loop.executor(), 3);
  EXPECT_EQ(workers.count(), 3u);
  int sum = 0;
  loop.run(add_many(workers, loop.executor(), sum));
  EXPECT_EQ(sum, 5000);
}

}  // namespace
}  // namespace holdfast::env::linux
