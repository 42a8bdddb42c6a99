// Keeper looks after an open vault in the background: it frees the room of what was removed, and
// aborts uploads that nobody has finished.
#pragma once

#include "base/sync.h"
#include "env/clock.h"
#include "node/control.h"

#include <memory>

namespace holdfast::node {

class Keeper {
 public:
  // Starts at once. All must outlive it. stop() must have returned before it goes.
  Keeper(boost::asio::any_io_executor executor, env::Clock& clock, Services& services);
  ~Keeper();

  // Waits for what it is doing.
  Task<void> stop();

 private:
  class Pause;

  Task<void> run();
  Task<void> work();

  boost::asio::any_io_executor executor_;
  env::Clock& clock_;
  Services& services_;
  std::unique_ptr<Pause> pause_;
  TaskGroup tasks_;
  bool is_ending_ = false;
};

}  // namespace holdfast::node
