// Threads that may block on a disk, and the way there and back for a coroutine of the loop.
//
// At most a fixed number of pieces of work is handed over at a time; more wait on the loop, in
// order.
#pragma once

#include "base/sync.h"
#include "base/task.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace holdfast::env::rocksdb {

class IoThreads {
 public:
  explicit IoThreads(unsigned count);
  ~IoThreads();  // Nothing may be under way.
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  // Runs `work`, which must not throw, on one of the threads; returns on the caller's loop.
  Task<void> run(std::move_only_function<void()> work);

  // The same for work with a result.
  template <class Work>
  Task<std::invoke_result_t<Work&>> call(Work work) {
    std::optional<std::invoke_result_t<Work&>> result;
    co_await run([&result, &work] { result.emplace(work()); });
    co_return std::move(*result);
  }

 private:
  void push(std::move_only_function<void()> work);
  void serve();

  Semaphore credit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> queue_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace holdfast::env::rocksdb
