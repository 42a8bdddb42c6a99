#include "catalog/locks.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace holdfast::catalog {

Locks::Hold::Hold(Hold&& other) noexcept
    : locks_(std::exchange(other.locks_, nullptr)),
      name_(std::move(other.name_)),
      mode_(other.mode_) {}

Locks::Hold& Locks::Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    release();
    locks_ = std::exchange(other.locks_, nullptr);
    name_ = std::move(other.name_);
    mode_ = other.mode_;
  }
  return *this;
}

void Locks::Hold::release() {
  if (locks_ != nullptr) std::exchange(locks_, nullptr)->give_back(name_, mode_);
}

Locks::Waiter::Waiter(Locks& locks_of, const std::string& name_of, Mode mode_of)
    : locks(locks_of), name(name_of), mode(mode_of) {
  locks.names_[name].waiting.push_back(this);
}

Locks::Waiter::~Waiter() {
  if (is_taken) return;
  if (granted.is_set()) {
    locks.give_back(name, mode);
  } else {
    std::erase(locks.names_[name].waiting, this);
    locks.serve(name);
  }
}

void Locks::Name::grant(Mode mode) {
  if (mode == Mode::shared) {
    ++sharers;
  } else {
    is_exclusive = true;
  }
}

Task<Locks::Hold> Locks::take(std::string name, Mode mode) {
  Name& wanted = names_[name];
  if (wanted.waiting.empty() && wanted.grants(mode)) {
    wanted.grant(mode);
    co_return Hold(*this, std::move(name), mode);
  }
  Waiter waiter(*this, name, mode);
  co_await waiter.granted.wait();
  waiter.is_taken = true;
  co_return Hold(*this, std::move(name), mode);
}

void Locks::give_back(const std::string& name, Mode mode) {
  const auto found = names_.find(name);
  check(found != names_.end(), "a lock that is given back is held");
  if (mode == Mode::shared) {
    --found->second.sharers;
  } else {
    found->second.is_exclusive = false;
  }
  serve(name);
}

void Locks::serve(const std::string& name) {
  const auto found = names_.find(name);
  Name& served = found->second;
  while (!served.waiting.empty() && served.grants(served.waiting.front()->mode)) {
    Waiter* const next = served.waiting.front();
    served.waiting.pop_front();
    served.grant(next->mode);
    next->granted.set();
  }
  if (served.sharers == 0 && !served.is_exclusive && served.waiting.empty()) names_.erase(found);
}

}  // namespace holdfast::catalog
