#include "net/sweep.h"

#include "net/link.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/chrono.h>

#include <fmt/format.h>

namespace holdfast::net {

namespace asio = boost::asio;

Sweep::Tick Sweep::after(Duration span) const {
  return tick_ + static_cast<Tick>((span + period_ - Duration(1)) / period_) + 1;
}

void Sweep::add(Link& link) {
  link.sweep_place_ = links_.size();
  links_.push_back(&link);
  if (is_running_) return;
  is_running_ = true;
  refresh_date();
  asio::co_spawn(timer_.get_executor(), run(shared_from_this()), rethrow);
}

void Sweep::remove(Link& link) {
  links_[link.sweep_place_] = links_.back();
  links_[link.sweep_place_]->sweep_place_ = link.sweep_place_;
  links_.pop_back();
  if (links_.empty()) timer_.cancel();  // So that the loop can run out of work.
}

Task<void> Sweep::run(std::shared_ptr<Sweep> self) {
  while (!self->links_.empty()) {
    self->timer_.expires_after(self->period_);
    const auto [cancelled] = co_await self->timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (cancelled) continue;
    ++self->tick_;
    self->refresh_date();
    self->expire();
  }
  self->is_running_ = false;
}

void Sweep::refresh_date() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
}

void Sweep::expire() {
  for (Link* link : links_) link->expire(tick_);
}

}  // namespace holdfast::net
