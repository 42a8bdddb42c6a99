// Keeper looks after an open vault in the background: it frees the room of what was removed, aborts
// uploads that nobody has finished, and gives back what is not needed while nobody asks for
// anything, and keeps room back for the next start.
#pragma once

#include "base/sync.h"
#include "env/clock.h"
#include "node/control.h"
#include "node/start_room.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace holdfast::node {

class Keeper {
 public:
  // A number that changes whenever anything is asked of the node.
  using Activity = std::function<std::uint64_t()>;

  // Starts at once. All must outlive it. stop() must have returned before it goes.
  Keeper(boost::asio::any_io_executor executor, env::Clock& clock, Services& services,
         StartRoom& start_room, Activity activity);
  ~Keeper();

  // Waits for what it is doing.
  Task<void> stop();

 private:
  class Pause;

  Task<void> run();
  bool is_waited_for(unsigned looks) const;
  Task<void> work();
  Task<void> rest_if_idle();

  boost::asio::any_io_executor executor_;
  env::Clock& clock_;
  Services& services_;
  StartRoom& start_room_;
  Activity activity_;
  std::uint64_t activity_seen_ = 0;
  std::uint64_t activity_served_ = 0;  // When the last round began.
  bool has_rested_ = false;
  std::unique_ptr<Pause> pause_;
  TaskGroup tasks_;
  bool is_ending_ = false;
};

}  // namespace holdfast::node
