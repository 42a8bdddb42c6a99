// World runs coroutines in virtual time: when all of them wait, time jumps to the next event.
//
// One thread; what happens at the same instant happens in order of arrival; every draw comes from
// one seed. So equal programs with equal seeds have equal histories, and history() tells.
//
// A Process is a group of coroutines that can be killed between two turns of the loop: those that
// were spawned last are destroyed first, with all that they hold, and none of them ever goes on.
#pragma once

#include "env/clock.h"
#include "sim/random.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace holdfast::sim {

class Process;

class World final : public env::Clock {
 public:
  // How much virtual time a scenario may take before it counts as stuck.
  static constexpr Duration scenario_span_max = std::chrono::hours(24);

  explicit World(std::uint64_t seed = 1);

  // Kills what still runs, and so must outlive whatever that uses, or be told to abandon() it
  // first.
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const override { return now_; }
  WallTime wall_now() const override;
  Task<void> sleep_until(Instant wake) override;

  // Puts the calendar forward or back. now() does not notice.
  void jump_wall(Duration by) { wall_offset_ += by; }

  // Where faults and delays are drawn from.
  Random& random() { return random_; }

  // Runs the coroutines of the test itself, which are no process's.
  boost::asio::any_io_executor executor();

  // Starts a task that may outlive the scenario.
  void spawn(Task<void> task);

  // Calls `event` when virtual time reaches `when`.
  void at(Instant when, std::move_only_function<void()> event);

  // Runs until `scenario` completes, in as much virtual time as it needs. Must not be nested.
  void run(Task<void> scenario);

  // The same, for a scenario with a result.
  template <class T>
  T run(Task<T> scenario) {
    std::optional<T> result;
    run(keep(std::move(scenario), result));
    return std::move(*result);
  }

  // Destroys every coroutine of the test and of all processes.
  void abandon();

  // Makes `what` part of the history.
  void note(std::string_view what);

  // A hash of all that happened so far, and when.
  std::uint64_t history() const { return history_; }

 private:
  friend class Process;
  struct Group;
  class Executor;
  struct Turn;

  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  Group& found_group();
  void kill(Group& group);
  void take_turn();
  void mix(std::uint64_t what);

  Instant now_;
  Duration wall_offset_{};
  Random random_;
  std::uint64_t history_ = 0;
  std::uint64_t threads_ever_ = 0;
  std::uint64_t events_ever_ = 0;
  Group* running_ = nullptr;
  std::deque<std::unique_ptr<Group>> groups_;  // Never shrinks: executors point into it.
  std::deque<Turn> ready_;
  std::map<std::pair<Instant, std::uint64_t>, Turn> events_;
};

// Not to be destroyed or killed by one of its own coroutines.
class Process {
 public:
  explicit Process(World& world);
  ~Process() { kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  boost::asio::any_io_executor executor();
  void spawn(Task<void> task);

  // Afterwards spawn() has no effect. What its coroutines used by reference must still be there.
  void kill();

 private:
  World& world_;
  World::Group& group_;
};

}  // namespace holdfast::sim
