#include "env/rocksdb/io_threads.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::env::rocksdb {
namespace asio = boost::asio;
namespace {

constexpr std::size_t queued_per_thread_max = 32;

}  // namespace

IoThreads::IoThreads(unsigned count) : credit_(count * queued_per_thread_max) {
  for (unsigned i = 0; i < count; ++i) {
    threads_.emplace_back([this] { serve(); });
  }
}

IoThreads::~IoThreads() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Task<void> IoThreads::run(std::move_only_function<void()> work) {
  const Semaphore::Hold hold = co_await credit_.take();
  const auto start = [this, &work](auto resume) {
    // The guard keeps the loop running although nothing else may be left in it.
    auto guard = asio::make_work_guard(asio::get_associated_executor(resume));
    push([&work, guard = std::move(guard), resume = std::move(resume)]() mutable {
      work();
      asio::post(guard.get_executor(), std::move(resume));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
}

void IoThreads::push(std::move_only_function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void IoThreads::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::move_only_function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace holdfast::env::rocksdb
