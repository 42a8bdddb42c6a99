#include "sim/connection.h"

#include <algorithm>

namespace holdfast::sim {
namespace {

constexpr std::size_t packet_size_max = 64 * kib;

}  // namespace

std::unexpected<Error> Connection::broken() const {
  return fail(ErrorCode::unavailable,
              "the connection between " + nodes_[0] + " and " + nodes_[1] + " is broken");
}

Task<Result<std::size_t>> Connection::read(End end, MutableByteView into) {
  const auto self = shared_from_this();
  Direction& direction = sent_by_[other(end)];
  for (;;) {
    if (is_closed_[end] || has_vanished_[end] || is_cut_) co_return broken();
    if (into.empty()) co_return std::size_t{0};
    if (!direction.arrived.empty()) break;
    if (direction.has_ended) co_return std::size_t{0};
    co_await direction.readers.wait();
  }
  const std::size_t size = std::min(into.size(), direction.arrived.size());
  const auto last = direction.arrived.begin() + static_cast<std::ptrdiff_t>(size);
  std::copy(direction.arrived.begin(), last, into.begin());
  direction.arrived.erase(direction.arrived.begin(), last);
  direction.unread_size -= size;
  direction.writers.wake_all();
  co_return size;
}

Task<Result<void>> Connection::write(End end, ByteView content) {
  const auto self = shared_from_this();
  Direction& direction = sent_by_[end];
  while (!content.empty()) {
    const bool is_useless = is_closed_[end] || has_vanished_[end] || is_cut_;
    // Whoever closed an end answers what still comes with a reset.
    if (is_useless || direction.is_finished ||
        (is_closed_[other(end)] && sent_by_[other(end)].has_ended)) {
      co_return broken();
    }
    const std::size_t room = Network::window_size - direction.unread_size;
    if (room == 0) {
      co_await direction.writers.wait();
      continue;
    }
    std::size_t size = std::min({content.size(), room, packet_size_max});
    if (network_.world_.random().chance(0.1)) size = 1 + network_.world_.random().below(size);
    direction.unread_size += size;
    send(end, {to_bytes(content.first(size))});
    content = content.subspan(size);
  }
  co_return Result<void>();
}

Result<void> Connection::finish(End end) {
  if (is_closed_[end] || has_vanished_[end] || is_cut_) return broken();
  if (!std::exchange(sent_by_[end].is_finished, true)) send(end, {});
  return {};
}

void Connection::close(End end) {
  if (std::exchange(is_closed_[end], true)) return;
  if (!std::exchange(sent_by_[end].is_finished, true)) send(end, {});
  wake_all();
}

void Connection::cut() {
  is_cut_ = true;
  wake_all();
}

void Connection::vanish(End end) {
  has_vanished_[end] = true;
  wake_all();
}

void Connection::send(End from, Packet packet) {
  Direction& direction = sent_by_[from];
  const Instant arrival =
      std::max(direction.last_arrival, network_.world_.now() + network_.delay());
  direction.last_arrival = arrival;
  network_.world_.at(arrival,
                     [self = shared_from_this(), from, packet = std::move(packet)] mutable {
                       self->arrive(from, std::move(packet));
                     });
}

void Connection::arrive(End from, Packet packet) {
  if (has_vanished_[0] || has_vanished_[1] || is_cut_) return;
  Direction& direction = sent_by_[from];
  if (!direction.held_up.empty() || network_.is_blocked(nodes_[from], nodes_[other(from)])) {
    direction.held_up.push_back(std::move(packet));
  } else {
    take_in(direction, std::move(packet));
  }
}

void Connection::take_in(Direction& direction, Packet packet) {
  if (packet.content.empty()) {
    direction.has_ended = true;
    wake_all();
  } else {
    direction.arrived.insert(direction.arrived.end(), packet.content.begin(), packet.content.end());
    direction.readers.wake_all();
  }
}

void Connection::resume_from(End end) {
  Direction& direction = sent_by_[end];
  if (direction.held_up.empty()) return;
  network_.world_.at(network_.world_.now() + network_.delay(), [self = shared_from_this(), end] {
    if (self->network_.is_blocked(self->nodes_[end], self->nodes_[other(end)])) return;
    Direction& waiting = self->sent_by_[end];
    for (Packet& packet : std::exchange(waiting.held_up, {})) {
      self->take_in(waiting, std::move(packet));
    }
  });
}

void Connection::wake_all() {
  for (Direction& direction : sent_by_) {
    direction.readers.wake_all();
    direction.writers.wake_all();
  }
}

}  // namespace holdfast::sim
