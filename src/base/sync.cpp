#include "base/sync.h"

#include "base/check.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace holdfast {
namespace asio = boost::asio;

Task<void> WaitList::wait() {
  const auto park = [this](auto resume) {
    parked_.emplace_back([resume = std::move(resume)]() mutable {
      const auto executor = asio::get_associated_executor(resume);
      asio::post(executor, std::move(resume));
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(park, asio::use_awaitable);
}

void WaitList::wake_one() {
  if (parked_.empty()) return;
  auto resume = std::move(parked_.front());
  parked_.pop_front();
  resume();
}

void WaitList::wake_all() {
  auto all = std::exchange(parked_, {});
  for (auto& resume : all) resume();
}

Task<void> Event::wait() {
  while (!is_set_) co_await waiting_.wait();
}

void Event::set() {
  is_set_ = true;
  waiting_.wake_all();
}

Semaphore::Hold::Hold(Hold&& other) noexcept
    : semaphore_(std::exchange(other.semaphore_, nullptr)),
      credit_(std::exchange(other.credit_, 0)) {}

Semaphore::Hold& Semaphore::Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    release();
    semaphore_ = std::exchange(other.semaphore_, nullptr);
    credit_ = std::exchange(other.credit_, 0);
  }
  return *this;
}

void Semaphore::Hold::release() {
  if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->give_back(credit_);
  credit_ = 0;
}

Task<Semaphore::Hold> Semaphore::take(std::size_t credit) {
  credit = std::min(credit, size_);
  if (waiters_.empty() && free_ >= credit) {
    free_ -= credit;
    co_return Hold(*this, credit);
  }
  Waiter waiter{.credit = credit, .granted = {}};
  waiters_.push_back(&waiter);
  co_await waiter.granted.wait();
  co_return Hold(*this, credit);
}

void Semaphore::give_back(std::size_t credit) {
  free_ += credit;
  while (!waiters_.empty() && waiters_.front()->credit <= free_) {
    Waiter* waiter = waiters_.front();
    waiters_.pop_front();
    free_ -= waiter->credit;
    waiter->granted.set();
  }
}

TaskGroup::~TaskGroup() {
  check(count_ == 0, "a task group is joined before it is destroyed");
}

void TaskGroup::spawn(const asio::any_io_executor& executor, Task<void> task) {
  ++count_;
  asio::co_spawn(executor, run(std::move(task)), rethrow);
}

Task<void> TaskGroup::run(Task<void> task) {
  co_await std::move(task);
  if (--count_ == 0) ended_.wake_all();
}

Task<void> TaskGroup::join() {
  while (count_ > 0) co_await ended_.wait();
}

}  // namespace holdfast
