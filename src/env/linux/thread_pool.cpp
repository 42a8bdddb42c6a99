#include "env/linux/thread_pool.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <pthread.h>

namespace holdfast::env::linux {
namespace asio = boost::asio;

// Lies in the frame of whoever waits for it, or on the heap if nobody does.
struct ThreadPool::Job {
  std::move_only_function<void()> work;
  Event finished{};
  Job* next = nullptr;
  bool is_awaited = true;
};

// Jobs on their way back to the loop. Outlives the pool while the loop has a visit to pay.
class ThreadPool::Done : public std::enable_shared_from_this<Done> {
 public:
  explicit Done(asio::any_io_executor loop) : loop_(std::move(loop)) {}

  // From any thread. The first since the last visit calls the loop.
  void add(Job& job) {
    Job* first = first_.load(std::memory_order_relaxed);
    do {
      job.next = first;
    } while (!first_.compare_exchange_weak(first, &job, std::memory_order_release,
                                           std::memory_order_relaxed));
    if (first == nullptr) {
      asio::post(loop_, [self = shared_from_this()] { self->deliver(); });
    }
  }

 private:
  void deliver() {
    Job* latest = first_.exchange(nullptr, std::memory_order_acquire);
    Job* earliest = nullptr;
    while (latest != nullptr) {
      Job* next = std::exchange(latest->next, earliest);
      earliest = std::exchange(latest, next);
    }
    while (earliest != nullptr) std::exchange(earliest, earliest->next)->finished.set();
  }

  asio::any_io_executor loop_;
  std::atomic<Job*> first_ = nullptr;
};

ThreadPool::ThreadPool(asio::any_io_executor loop, unsigned thread_count, const std::string& name)
    : loop_(std::move(loop)), done_(std::make_shared<Done>(loop_)) {
  for (unsigned i = 0; i < thread_count; ++i) {
    threads_.emplace_back(&ThreadPool::serve, this);
    pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Task<void> ThreadPool::run(std::move_only_function<void()> work) {
  const auto hold = co_await credit_.take();
  // Keeps the loop from running dry while a thread has something for it.
  const auto busy = asio::prefer(loop_, asio::execution::outstanding_work.tracked);
  Job job{.work = std::move(work)};
  enqueue(job);
  co_await job.finished.wait();
}

void ThreadPool::start(std::move_only_function<void()> work) {
  enqueue(*new Job{.work = std::move(work), .is_awaited = false});
}

void ThreadPool::enqueue(Job& job) {
  bool is_thread_idle = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&job);
    is_thread_idle = idle_count_ > 0;
  }
  if (is_thread_idle) wake_.notify_one();
}

void ThreadPool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (waiting_.empty()) {
      if (is_ending_) return;
      ++idle_count_;
      wake_.wait(lock);
      --idle_count_;
    }
    Job* job = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    job->work();
    if (job->is_awaited) {
      done_->add(*job);
    } else {
      delete job;
    }
    lock.lock();
  }
}

}  // namespace holdfast::env::linux
