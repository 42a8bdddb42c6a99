// Threads that run work for one loop, and tell it when it is done.
//
// A loop that keeps several pieces of work under way pays for few wake-ups: a thread takes the next
// piece without sleeping, and all pieces done since the loop last looked reach it at once.
#pragma once

#include "base/sync.h"
#include "base/task.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace holdfast::env::linux {

class ThreadPool {
 public:
  // Work beyond this waits on the loop.
  static constexpr std::size_t queue_max = 256;

  ThreadPool(boost::asio::any_io_executor loop, unsigned thread_count, const std::string& name);

  // Waits for work under way.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned count() const { return static_cast<unsigned>(threads_.size()); }

  // From the loop only. Returns there once a thread has run `work`, which must not throw.
  Task<void> run(std::move_only_function<void()> work);

  // The same for work with a result.
  template <class Work>
  Task<std::invoke_result_t<Work&>> call(Work work) {
    std::optional<std::invoke_result_t<Work&>> result;
    co_await run([&result, &work] { result.emplace(work()); });
    co_return std::move(*result);
  }

  // Runs `work` on a thread and tells nobody.
  void start(std::move_only_function<void()> work);

 private:
  struct Job;
  class Done;

  void enqueue(Job& job);
  void serve();

  boost::asio::any_io_executor loop_;
  Semaphore credit_{queue_max};
  std::shared_ptr<Done> done_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job*> waiting_;  // Guarded by the mutex, as the rest here.
  unsigned idle_count_ = 0;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace holdfast::env::linux
