// A program on a simulated disk that is killed at any moment, with and without a power cut.
#include "sim/disk.h"

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

// Numbers that reached the disk for sure, and that were on their way there.
struct Progress {
  int begun = 0;
  int acknowledged = 0;
};

Task<void> count_up(Disk& disk, Progress& progress) {
  const auto lock = (co_await disk.lock("lock", "the counter")).value();
  int number = progress.begun;
  for (;;) {
    progress.begun = ++number;
    const std::string text = std::to_string(number);
    if (!co_await env::replace_file(disk, "counter", as_bytes(text))) co_return;
    progress.acknowledged = number;
  }
}

Task<int> read_counter(Disk& disk) {
  const auto content = co_await env::read_file(disk, "counter", 100);
  if (!content && content.error().code() == ErrorCode::not_found) co_return 0;
  co_return std::stoi(std::string(as_text(content.value())));
}

Task<void> sleep_for(World& world, Duration span) {
  co_await world.sleep_until(world.now() + span);
}

std::uint64_t kill_a_hundred_times(std::uint64_t seed) {
  World world(seed);
  Disk disk(world, {.latency_min = 10us, .latency_max = 1ms});
  Progress progress;
  for (int start = 0; start < 100; ++start) {
    Process process(world);
    process.spawn(count_up(disk, progress));
    world.run(sleep_for(world, world.random().between(1us, 40ms)));
    process.kill();
    // Without a power cut, the lock ends with the process and everything written is there.
    if (world.random().chance(0.7)) disk.crash();
    const int found = world.run(read_counter(disk));
    EXPECT_GE(found, progress.acknowledged) << "seed " << seed << ", start " << start;
    EXPECT_LE(found, progress.begun) << "seed " << seed << ", start " << start;
    progress.begun = std::max(progress.begun, found);
  }
  EXPECT_GT(progress.acknowledged, 100);
  return world.history();
}

TEST(KilledProcessTest, LosesNothingAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) kill_a_hundred_times(seed);
}

TEST(KilledProcessTest, HasOneHistoryForEachSeed) {
  EXPECT_EQ(kill_a_hundred_times(42), kill_a_hundred_times(42));
  EXPECT_NE(kill_a_hundred_times(42), kill_a_hundred_times(43));
}

}  // namespace
}  // namespace holdfast::sim
