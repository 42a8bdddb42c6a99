#include "sim/workers.h"

namespace holdfast::sim {
namespace {

constexpr Duration hop_max = std::chrono::microseconds(50);

}  // namespace

Task<void> Workers::run(std::move_only_function<void()> work) {
  work();
  if (world_ == nullptr) co_return;
  const Duration hop = world_->random().between(Duration(1), hop_max);
  co_await world_->sleep_until(world_->now() + hop);
}

}  // namespace holdfast::sim
