#include "base/sync.h"

#include "base/check.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace holdfast {
namespace asio = boost::asio;

// The coroutines of one loop that are parked anywhere. Being a service of the loop's context, it is
// shut down with it. A list through all of them, since each comes and goes often.
class Parking final : public asio::execution_context::service {
 public:
  using key_type = Parking;  // NOLINT(readability-identifier-naming): Asio looks for it.
  static inline asio::execution_context::id id;

  explicit Parking(asio::execution_context& context) : service(context) {}

  void add(std::unique_ptr<Parked> parked, WaitList& list) {
    parked->list_ = &list;
    parked->parking_ = this;
    parked->before_ = last_;
    (last_ != nullptr ? last_->after_ : first_) = parked.get();
    last_ = parked.get();
    list.parked_.push_back(parked.release());
  }

  // The caller has taken it off its WaitList.
  std::unique_ptr<Parked> remove(Parked& parked) {
    (parked.before_ != nullptr ? parked.before_->after_ : first_) = parked.after_;
    (parked.after_ != nullptr ? parked.after_->before_ : last_) = parked.before_;
    return std::unique_ptr<Parked>(&parked);
  }

  std::vector<std::unique_ptr<Parked>> take_all() {
    std::vector<std::unique_ptr<Parked>> all;
    while (first_ != nullptr) {
      if (first_->list_ != nullptr) std::erase(first_->list_->parked_, first_);
      all.push_back(remove(*first_));
    }
    return all;
  }

 private:
  // Destroying one may destroy, wake or park others.
  void shutdown() override {
    while (!take_all().empty()) {
    }
  }

  Parked* first_ = nullptr;
  Parked* last_ = nullptr;
};

namespace {

template <class Handler>
class ParkedHandler final : public Parked {
 public:
  explicit ParkedHandler(Handler handler) : handler_(std::move(handler)) {}

  asio::any_io_executor executor() const override {
    return asio::get_associated_executor(handler_);
  }

 private:
  void resume() override {
    const auto executor = asio::get_associated_executor(handler_);
    asio::post(executor, std::move(handler_));
  }

  Handler handler_;
};

}  // namespace

WaitList::~WaitList() {
  for (Parked* parked : parked_) parked->list_ = nullptr;
}

Task<void> WaitList::wait() {
  const auto park = [this]<class Handler>(Handler handler) {
    auto& context = asio::query(handler.get_executor(), asio::execution::context);
    asio::use_service<Parking>(context).add(
        std::make_unique<ParkedHandler<Handler>>(std::move(handler)), *this);
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(park, asio::use_awaitable);
}

void WaitList::wake_one() {
  if (parked_.empty()) return;
  Parked* parked = parked_.front();
  parked_.pop_front();
  parked->parking_->remove(*parked)->resume();
}

void WaitList::wake_all() {
  for (std::size_t left = parked_.size(); left > 0; --left) wake_one();
}

std::vector<std::unique_ptr<Parked>> take_parked(asio::execution_context& loop) {
  return asio::use_service<Parking>(loop).take_all();
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

Semaphore::Waiter::Waiter(Semaphore& of, std::size_t wanted) : semaphore(of), credit(wanted) {
  semaphore.waiters_.push_back(this);
}

Semaphore::Waiter::~Waiter() {
  if (is_taken) return;
  if (granted.is_set()) {
    semaphore.give_back(credit);
  } else {
    std::erase(semaphore.waiters_, this);
  }
}

Task<Semaphore::Hold> Semaphore::take(std::size_t credit) {
  credit = std::min(credit, size_);
  if (waiters_.empty() && free_ >= credit) {
    free_ -= credit;
    co_return Hold(*this, credit);
  }
  Waiter waiter(*this, credit);
  co_await waiter.granted.wait();
  waiter.is_taken = true;
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

// Counts a task for as long as its frame lives, whether it ends, was never begun or is destroyed.
class TaskGroup::Member {
 public:
  explicit Member(TaskGroup& group) : group_(&group) { ++group_->count_; }
  Member(Member&& other) noexcept : group_(std::exchange(other.group_, nullptr)) {}
  Member& operator=(Member&&) = delete;
  ~Member() {
    if (group_ != nullptr && --group_->count_ == 0) group_->ended_.wake_all();
  }

 private:
  TaskGroup* group_;
};

void TaskGroup::spawn(const asio::any_io_executor& executor, Task<void> task) {
  asio::co_spawn(asio::prefer(executor, asio::execution::relationship.continuation),
                 run(Member(*this), std::move(task)), rethrow);
}

Task<void> TaskGroup::run([[maybe_unused]] Member member, Task<void> task) {
  co_await std::move(task);
}

Task<void> TaskGroup::join() {
  while (count_ > 0) co_await ended_.wait();
}

}  // namespace holdfast
