#include "sim/world.h"

#include "base/check.h"
#include "base/sync.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <vector>

namespace holdfast::sim {
namespace asio = boost::asio;
namespace execution = boost::asio::execution;
namespace {

// 2026-01-01.
constexpr Duration wall_start = std::chrono::seconds(1'767'225'600);

}  // namespace

// The coroutines of one process, or of the test.
struct World::Group {
  Group(World& world_of, std::uint64_t index_of) : world(world_of), index(index_of) {}

  World& world;
  std::uint64_t index;
  bool is_alive = true;
  // Homes those that are parked in wait lists.
  asio::execution_context parking;
};

// Something to do in one turn of the loop, for one spawned coroutine (`thread`) of a group. Events
// of the world itself have no group.
struct World::Turn {
  Group* group;
  std::uint64_t thread;
  std::move_only_function<void()> work;
};

// What Asio sees of a group. Each spawned coroutine has one with a number of its own, because the
// property `continuation` is asked for by whoever spawns (base/sync.h, and spawn() below).
class World::Executor {
 public:
  Executor(Group& group, std::uint64_t thread) : group_(&group), thread_(thread) {}

  Group& group() const { return *group_; }
  std::uint64_t thread() const { return thread_; }

  bool operator==(const Executor&) const noexcept = default;

  asio::execution_context& query(execution::context_t) const noexcept { return group_->parking; }

  // Not static: Asio takes a static answer as settled and then asks for nothing else.
  execution::blocking_t query(execution::blocking_t) const noexcept {
    if (may_block_) return execution::blocking.possibly;
    return execution::blocking.never;
  }
  Executor require(execution::blocking_t::never_t) const { return with(false); }
  Executor require(execution::blocking_t::possibly_t) const { return with(true); }
  Executor require(execution::relationship_t::fork_t) const { return *this; }
  Executor require(execution::relationship_t::continuation_t) const {
    Executor other = *this;
    other.thread_ = ++group_->world.threads_ever_;
    return other;
  }

  template <class Work>
  void execute(Work work) const {
    // What a dead process would still do is destroyed instead.
    if (!group_->is_alive) return;
    World& world = group_->world;
    if (may_block_ && world.running_ == group_) {
      work();
    } else {
      world.ready_.push_back({group_, thread_, std::move(work)});
    }
  }

 private:
  Executor with(bool may_block) const {
    Executor other = *this;
    other.may_block_ = may_block;
    return other;
  }

  Group* group_;
  std::uint64_t thread_ : 63;
  bool may_block_ : 1 = true;
};

World::World(std::uint64_t seed) : random_(seed) {
  found_group();
}

World::~World() {
  abandon();
}

WallTime World::wall_now() const {
  return {wall_start + wall_offset_ + now_.since_start};
}

Task<void> World::sleep_until(Instant wake) {
  if (wake <= now_) co_return;
  const auto park = [this, wake](auto resume) {
    const asio::any_io_executor executor = asio::get_associated_executor(resume);
    const auto* mine = executor.target<Executor>();
    check(mine != nullptr, "only coroutines of a world sleep in it");
    events_.emplace(std::pair(wake, events_ever_++),
                    Turn{&mine->group(), mine->thread(), std::move(resume)});
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(park, asio::use_awaitable);
}

void World::at(Instant when, std::move_only_function<void()> event) {
  events_.emplace(std::pair(when, events_ever_++), Turn{nullptr, 0, std::move(event)});
}

asio::any_io_executor World::executor() {
  return Executor(*groups_.front(), 0);
}

void World::spawn(Task<void> task) {
  asio::co_spawn(asio::prefer(executor(), execution::relationship.continuation), std::move(task),
                 rethrow);
}

void World::run(Task<void> scenario) {
  check(running_ == nullptr, "worlds do not nest");
  bool done = false;
  asio::co_spawn(asio::prefer(executor(), execution::relationship.continuation),
                 std::move(scenario), [&done](std::exception_ptr failure) {
                   done = true;
                   rethrow(failure);
                 });
  const Instant limit = now_ + scenario_span_max;
  while (!done) {
    if (!ready_.empty()) {
      take_turn();
      continue;
    }
    check(!events_.empty(), "a scenario that waits must have something to wait for");
    auto next = events_.extract(events_.begin());
    now_ = std::max(now_, next.key().first);
    check(now_ < limit, "a scenario must come to an end");
    ready_.push_back(std::move(next.mapped()));
  }
}

void World::take_turn() {
  struct Running {
    explicit Running(World& of) : world(of) {}
    ~Running() { world.running_ = nullptr; }
    World& world;
  };
  Turn turn = std::move(ready_.front());
  ready_.pop_front();
  mix(static_cast<std::uint64_t>(now_.since_start.count()));
  mix(turn.group != nullptr ? turn.group->index : 0);
  mix(turn.thread);
  const Running running(*this);
  running_ = turn.group;
  turn.work();
}

void World::abandon() {
  check(running_ == nullptr, "a world is not abandoned from within");
  for (const auto& group : groups_) kill(*group);
  groups_.front()->is_alive = true;
  events_.clear();
}

void World::note(std::string_view what) {
  for (const char c : what) mix(static_cast<unsigned char>(c));
}

World::Group& World::found_group() {
  return *groups_.emplace_back(std::make_unique<Group>(*this, groups_.size()));
}

void World::kill(Group& group) {
  check(running_ != &group, "no coroutine kills its own process");
  group.is_alive = false;
  struct Victim {
    std::uint64_t thread;
    std::move_only_function<void()> work;
    std::unique_ptr<Parked> parked;
  };
  std::vector<Victim> victims;
  for (Turn& turn : ready_) {
    if (turn.group == &group) victims.push_back({turn.thread, std::move(turn.work), nullptr});
  }
  std::erase_if(ready_, [&group](const Turn& turn) { return turn.group == &group; });
  for (auto& [when, turn] : events_) {
    if (turn.group == &group) victims.push_back({turn.thread, std::move(turn.work), nullptr});
  }
  std::erase_if(events_, [&group](const auto& event) { return event.second.group == &group; });
  for (auto& parked : take_parked(group.parking)) {
    const asio::any_io_executor executor = parked->executor();
    victims.push_back({executor.target<Executor>()->thread(), {}, std::move(parked)});
  }
  // Younger coroutines use what older ones own.
  std::ranges::sort(victims, std::greater(), &Victim::thread);
  for (Victim& victim : victims) victim = {};
}

void World::mix(std::uint64_t what) {
  history_ = (history_ ^ what) * 0x9e3779b97f4a7c15;
  history_ ^= history_ >> 32;
}

Process::Process(World& world) : world_(world), group_(world.found_group()) {}

asio::any_io_executor Process::executor() {
  return World::Executor(group_, 0);
}

void Process::spawn(Task<void> task) {
  asio::co_spawn(asio::prefer(executor(), execution::relationship.continuation), std::move(task),
                 rethrow);
}

void Process::kill() {
  if (group_.is_alive) world_.kill(group_);
}

}  // namespace holdfast::sim
