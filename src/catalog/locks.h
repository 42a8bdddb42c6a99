// Locks by name: many shared holders of a name, or one exclusive holder. First come, first served.
//
// A name takes memory only while somebody holds it or waits for it. Whoever takes several takes
// them in this order, so that nobody waits in a circle: bucket, objects by key, directory to be
// made, upload, part.
#pragma once

#include "base/sync.h"
#include "base/task.h"

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace holdfast::catalog {

class Locks {
 public:
  enum class Mode : bool { shared, exclusive };

  // Lets go when it goes out of scope.
  class [[nodiscard]] Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { release(); }
    void release();
    bool is_held() const { return locks_ != nullptr; }

   private:
    friend class Locks;
    Hold(Locks& locks, std::string name, Mode mode)
        : locks_(&locks), name_(std::move(name)), mode_(mode) {}

    Locks* locks_ = nullptr;
    std::string name_;
    Mode mode_ = Mode::shared;
  };

  Locks() = default;
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;

  Task<Hold> take(std::string name, Mode mode);
  Task<Hold> share(std::string name) { return take(std::move(name), Mode::shared); }
  Task<Hold> exclude(std::string name) { return take(std::move(name), Mode::exclusive); }

  // Names in use now.
  std::size_t count() const { return names_.size(); }

 private:
  // On the stack of a taker. One that is destroyed while it waits leaves the queue.
  struct Waiter {
    Waiter(Locks& locks_of, const std::string& name_of, Mode mode_of);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    Locks& locks;
    const std::string& name;
    Mode mode;
    Event granted;
    bool is_taken = false;
  };
  struct Name {
    std::size_t sharers = 0;
    bool is_exclusive = false;
    std::deque<Waiter*> waiting;

    bool grants(Mode mode) const { return !is_exclusive && (mode == Mode::shared || sharers == 0); }
    void grant(Mode mode);
  };

  void give_back(const std::string& name, Mode mode);
  void serve(const std::string& name);

  std::unordered_map<std::string, Name> names_;
};

}  // namespace holdfast::catalog
