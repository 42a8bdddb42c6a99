#include "sim/world.h"

#include "base/sync.h"
#include "sim/workers.h"

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

Task<void> sleep_and_note(World& world, Duration span, int name, std::vector<int>& order) {
  co_await world.sleep_until(world.now() + span);
  order.push_back(name);
}

Task<void> sleep_for(World& world, Duration span) {
  co_await world.sleep_until(world.now() + span);
}

TEST(WorldTest, TimeJumpsToWhatComesNext) {
  World world;
  std::vector<int> order;
  world.spawn(sleep_and_note(world, 2h, 2, order));
  world.spawn(sleep_and_note(world, 1h, 1, order));
  world.run(sleep_for(world, 3h));
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_EQ(world.now().since_start, 3h);
}

TEST(WorldTest, TheSameInstantGoesByOrderOfArrival) {
  World world;
  std::vector<int> order;
  for (int name = 0; name < 5; ++name) world.spawn(sleep_and_note(world, 1s, name, order));
  world.run(sleep_for(world, 1s));
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
}

Task<void> wait_and_note(Event& event, std::vector<int>& order) {
  co_await event.wait();
  order.push_back(2);
}

Task<void> set_and_note(World& world, Event& event, std::vector<int>& order) {
  co_await sleep_for(world, 1s);
  event.set();
  order.push_back(1);
  co_await sleep_for(world, 1s);
}

TEST(WorldTest, WhoIsWokenGoesOnInALaterTurn) {
  World world;
  Event event;
  std::vector<int> order;
  world.spawn(wait_and_note(event, order));
  world.run(set_and_note(world, event, order));
  EXPECT_EQ(order, (std::vector{1, 2}));
}

Task<void> wander(World& world, int steps) {
  Workers workers(world);
  for (int step = 0; step < steps; ++step) {
    co_await workers.run([] {});
    co_await world.sleep_until(world.now() + world.random().between(1us, 1ms));
  }
}

std::uint64_t history_of(std::uint64_t seed) {
  World world(seed);
  for (int walker = 0; walker < 3; ++walker) world.spawn(wander(world, 20));
  world.run(wander(world, 30));
  return world.history();
}

TEST(WorldTest, OneSeedIsOneHistory) {
  EXPECT_EQ(history_of(7), history_of(7));
  EXPECT_NE(history_of(7), history_of(8));
}

TEST(WorldTest, TheCalendarJumpsAndTheClockDoesNot) {
  World world;
  const WallTime before = world.wall_now();
  world.jump_wall(-2h);
  EXPECT_EQ(world.now(), Instant());
  EXPECT_EQ(before.since_epoch - world.wall_now().since_epoch, 2h);
}

Task<void> throw_later(World& world) {
  co_await world.sleep_until(world.now() + 1s);
  throw std::runtime_error("a bug");
}

TEST(WorldTest, WhatATaskThrowsLeavesTheRun) {
  World world;
  world.spawn(throw_later(world));
  EXPECT_THROW(world.run(sleep_for(world, 2s)), std::runtime_error);
}

Task<int> answer(World& world) {
  co_await world.sleep_until(world.now() + 1ms);
  co_return 42;
}

TEST(WorldTest, AScenarioMayHaveAResult) {
  World world;
  EXPECT_EQ(world.run(answer(world)), 42);
}

// A small server: its tasks use what its own frame holds, in every way of waiting.
struct Server {
  explicit Server(World& of) : world(of) {}

  Task<void> serve() {
    co_await world.sleep_until(world.now() + 1ms);
    const auto hold = co_await credit.take();
    ++served;
    co_await (served % 2 == 0 ? never.wait() : sleep_for(world, 1h));
  }

  World& world;
  TaskGroup tasks;
  Semaphore credit{3};
  Event never;
  int served = 0;
};

Task<void> run_server(World& world, boost::asio::any_io_executor executor, int& served) {
  Server server(world);
  for (;;) {
    server.tasks.spawn(executor, server.serve());
    co_await world.sleep_until(world.now() + 1ms);
    served = server.served;
  }
}

TEST(ProcessTest, IsKilledInTheMiddleAndStartsAgain) {
  World world;
  for (int start = 0; start < 100; ++start) {
    int served = 0;
    Process process(world);
    process.spawn(run_server(world, process.executor(), served));
    world.run(sleep_for(world, 1ms * (start % 10) + 500us));
    process.kill();
    const int before = served;
    EXPECT_EQ(before, std::min(3, start % 10));
    world.run(sleep_for(world, 1s));
    EXPECT_EQ(served, before);
  }
}

TEST(ProcessTest, EndsWithTheWorld) {
  int served = 0;
  World world;
  world.spawn(run_server(world, world.executor(), served));
  world.run(sleep_for(world, 10ms));
  EXPECT_EQ(served, 3);
}

Task<void> wake(Event& event) {
  event.set();
  co_return;
}

Task<void> wait_for(Event& event, bool& woke) {
  co_await event.wait();
  woke = true;
}

TEST(ProcessTest, ADeadProcessHearsNothing) {
  World world;
  Event event;
  bool dead_woke = false;
  bool living_woke = false;
  Process dead(world);
  dead.spawn(wait_for(event, dead_woke));
  world.spawn(wait_for(event, living_woke));
  world.run(sleep_for(world, 1ms));
  dead.kill();
  dead.spawn(wait_for(event, dead_woke));
  world.run(wake(event));
  world.run(sleep_for(world, 1ms));
  EXPECT_FALSE(dead_woke);
  EXPECT_TRUE(living_woke);
}

}  // namespace
}  // namespace holdfast::sim
