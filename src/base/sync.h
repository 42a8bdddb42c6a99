// How coroutines of one event loop wait for each other. None of these is for use across threads.
//
// Whoever waits is resumed, or destroyed with its loop: there is no cancellation of a wait. Waiting
// coroutines belong to the loop, not to what they wait for, so a loop that is destroyed leaves none
// behind. Order is first come, first served, so that histories repeat in simulation.
#pragma once

#include "base/task.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace holdfast {

// A place to park. wake_one() and wake_all() resume whoever is parked, on a later turn of the loop.
class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  ~WaitList();

  Task<void> wait();
  void wake_one();
  void wake_all();
  bool is_empty() const { return parked_.empty(); }

 private:
  friend class Parking;

  std::deque<class Parked*> parked_;
};

// A coroutine suspended in a WaitList, seen as an object that can be destroyed.
class Parked {
 public:
  virtual ~Parked() = default;

  // The executor that it was spawned on.
  virtual boost::asio::any_io_executor executor() const = 0;

 private:
  friend class WaitList;
  friend class Parking;

  virtual void resume() = 0;

  WaitList* list_ = nullptr;
  class Parking* parking_ = nullptr;
  Parked* before_ = nullptr;
  Parked* after_ = nullptr;
};

// Takes all coroutines of one loop out of the lists that they wait in, longest parked first.
// Whoever simulates the end of a process destroys them in an order of its own choice.
std::vector<std::unique_ptr<Parked>> take_parked(boost::asio::execution_context& loop);

// Happens once. wait() returns at once after set().
class Event {
 public:
  Task<void> wait();
  void set();
  bool is_set() const { return is_set_; }

 private:
  bool is_set_ = false;
  WaitList waiting_;
};

// Credit of a fixed size. A taker of more than is left waits, and nobody overtakes it.
class Semaphore {
 public:
  // Gives its credit back when it goes out of scope.
  class Hold {
   public:
    Hold() = default;
    Hold(Semaphore& semaphore, std::size_t credit) : semaphore_(&semaphore), credit_(credit) {}
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { release(); }
    void release();
    std::size_t credit() const { return credit_; }

   private:
    Semaphore* semaphore_ = nullptr;
    std::size_t credit_ = 0;
  };

  explicit Semaphore(std::size_t credit) : free_(credit), size_(credit) {}

  // Waits for `credit`; more than the whole size is cut to the whole size.
  [[nodiscard]] Task<Hold> take(std::size_t credit = 1);
  std::size_t available() const { return free_; }
  std::size_t size() const { return size_; }

 private:
  // On the stack of a taker. If that is destroyed while it waits, what it was granted goes back.
  struct Waiter {
    Waiter(Semaphore& of, std::size_t wanted);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    Semaphore& semaphore;
    std::size_t credit;
    Event granted;
    bool is_taken = false;
  };

  void give_back(std::size_t credit);

  std::size_t free_;
  std::size_t size_;
  std::deque<Waiter*> waiters_;
};

// One holder at a time.
class Mutex {
 public:
  [[nodiscard]] Task<Semaphore::Hold> lock() { return one_.take(1); }

 private:
  Semaphore one_{1};
};

// Owns the coroutines that it spawned: whoever owns the group waits for all of them in join().
// Destroying a group that still has some is a bug.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // Starts `task` on `executor`, or on a kin of it: an executor may tell spawned coroutines apart
  // by answering the property relationship.continuation. What the task throws leaves the loop's
  // run().
  void spawn(const boost::asio::any_io_executor& executor, Task<void> task);

  // Returns once no task is left, spawned before or during the call.
  Task<void> join();
  std::size_t count() const { return count_; }

 private:
  class Member;

  static Task<void> run(Member member, Task<void> task);

  std::size_t count_ = 0;
  WaitList ended_;
};

}  // namespace holdfast
