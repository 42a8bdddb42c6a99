// A simulated connection, seen from both ends. Part of sim/network.h.
#pragma once

#include "base/sync.h"
#include "sim/network.h"

#include <array>
#include <deque>

namespace holdfast::sim {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // The end that connected is 0, the one that accepted is 1.
  using End = unsigned;

  Connection(Network& network, std::string connected, std::string accepted)
      : network_(network), nodes_{std::move(connected), std::move(accepted)} {}

  const std::string& node(End end) const { return nodes_[end]; }

  Task<Result<std::size_t>> read(End end, MutableByteView into);
  Task<Result<void>> write(End end, ByteView content);

  // The end sends no more. What it sent still arrives.
  Result<void> finish(End end);

  // The end is of no more use to its own user. The other learns that no more comes.
  void close(End end);

  // Both learn that it is broken.
  void cut();

  // The end falls silent, and what is sent to it vanishes.
  void vanish(End end);

  // The wire from `end` to the other is free: what it held up arrives.
  void resume_from(End end);

 private:
  // What travels: bytes, or no bytes for the end of them.
  struct Packet {
    Bytes content;
  };

  // From one end to the other.
  struct Direction {
    std::deque<std::byte> arrived{};
    std::deque<Packet> held_up{};
    std::size_t unread_size = 0;  // Sent, and not yet read.
    Instant last_arrival{};
    bool is_finished = false;  // The sender sends no more.
    bool has_ended = false;    // And the receiver knows.
    WaitList readers{};
    WaitList writers{};
  };

  static End other(End end) { return 1 - end; }
  std::unexpected<Error> broken() const;
  void send(End from, Packet packet);
  void arrive(End from, Packet packet);
  void take_in(Direction& direction, Packet packet);
  void wake_all();

  Network& network_;
  std::array<std::string, 2> nodes_;
  std::array<Direction, 2> sent_by_;  // By the end that sends.
  std::array<bool, 2> is_closed_{};
  std::array<bool, 2> has_vanished_{};
  bool is_cut_ = false;
};

}  // namespace holdfast::sim
