#include "sim/network.h"

#include "base/number.h"
#include "sim/connection.h"

#include <optional>

namespace holdfast::sim {

// Where connections wait to be accepted.
struct Network::Mailbox {
  explicit Mailbox(std::string of) : node(std::move(of)) {}

  std::string node;
  std::deque<std::unique_ptr<env::Stream>> waiting;
  bool is_closed = false;
  WaitList acceptors;
};

class Network::ConnectedSocket final : public env::Stream {
 public:
  ConnectedSocket(std::shared_ptr<Connection> connection, Connection::End end, env::Address peer)
      : connection_(std::move(connection)), end_(end), peer_(std::move(peer)) {}
  ~ConnectedSocket() override { connection_->close(end_); }

  Task<Result<std::size_t>> read(MutableByteView into) override {
    return connection_->read(end_, into);
  }
  Task<Result<void>> write(ByteView content) override { return connection_->write(end_, content); }
  Result<void> end() override { return connection_->finish(end_); }
  void abort() override { connection_->close(end_); }
  env::Address peer() const override { return peer_; }

 private:
  std::shared_ptr<Connection> connection_;
  Connection::End end_;
  env::Address peer_;
};

class Network::ListeningSocket final : public env::Listener {
 public:
  ListeningSocket(Network& network, env::Address address, std::shared_ptr<Mailbox> mailbox)
      : network_(network), address_(std::move(address)), mailbox_(std::move(mailbox)) {}
  ~ListeningSocket() override { close(); }

  Task<Result<std::unique_ptr<env::Stream>>> accept() override { return take(mailbox_, address_); }
  env::Address address() const override { return address_; }

  void close() override {
    if (std::exchange(mailbox_->is_closed, true)) return;
    mailbox_->waiting.clear();
    mailbox_->acceptors.wake_all();
    network_.listening_.erase(key_of(mailbox_->node, address_));
  }

  // Unix sockets of the same path on several nodes are different ones.
  static std::string key_of(const std::string& node, const env::Address& address) {
    return address.starts_with("unix:") ? node + "/" + address : address;
  }

 private:
  static Task<Result<std::unique_ptr<env::Stream>>> take(std::shared_ptr<Mailbox> mailbox,
                                                         env::Address address) {
    while (mailbox->waiting.empty() && !mailbox->is_closed) co_await mailbox->acceptors.wait();
    if (mailbox->is_closed) {
      co_return fail(ErrorCode::unavailable, "nobody listens at " + address + " any more");
    }
    auto stream = std::move(mailbox->waiting.front());
    mailbox->waiting.pop_front();
    co_return stream;
  }

  Network& network_;
  env::Address address_;
  std::shared_ptr<Mailbox> mailbox_;
};

class Network::Port final : public env::Network {
 public:
  Port(sim::Network& network, std::string name) : network_(network), name_(std::move(name)) {}

  Task<Result<std::unique_ptr<env::Listener>>> listen(env::Address address) override;
  Task<Result<std::unique_ptr<env::Stream>>> connect(env::Address address) override;

 private:
  struct Place {
    std::string host;
    std::uint16_t port;
  };

  static Result<Place> parse(const env::Address& address);
  Task<bool> cross(std::string from, std::string to, Instant deadline);

  sim::Network& network_;
  std::string name_;
};

Result<Network::Port::Place> Network::Port::parse(const env::Address& address) {
  const std::size_t colon = address.rfind(':');
  const std::string_view host = std::string_view(address).substr(0, colon);
  std::optional<std::uint16_t> port;
  if (host.size() < address.size() && !host.empty() && !host.contains(':')) {
    port = parse_number<std::uint16_t>(std::string_view(address).substr(colon + 1));
  }
  if (!port) return fail(ErrorCode::invalid, "\"" + address + "\" is no address");
  return Place{std::string(host), *port};
}

Task<Result<std::unique_ptr<env::Listener>>> Network::Port::listen(env::Address address) {
  if (!address.starts_with("unix:/")) {
    CO_TRY_LET(const Place place, parse(address));
    if (place.host != name_ && place.host != "0.0.0.0") {
      co_return fail(ErrorCode::unavailable,
                     "listen at " + address + ": not an address of " + name_);
    }
    const std::uint16_t port = place.port != 0 ? place.port : network_.port_next_++;
    address = name_ + ":" + std::to_string(port);
  }
  auto mailbox = std::make_shared<Mailbox>(name_);
  const auto [present, is_free] =
      network_.listening_.try_emplace(ListeningSocket::key_of(name_, address), mailbox);
  if (!is_free) co_return fail(ErrorCode::conflict, "somebody listens at " + address);
  co_return std::make_unique<ListeningSocket>(network_, address, std::move(mailbox));
}

// Waits for the wire and the delay on it. False if it is still blocked at the deadline.
Task<bool> Network::Port::cross(std::string from, std::string to, Instant deadline) {
  World& world = network_.world_;
  constexpr Duration retry = std::chrono::milliseconds(200);
  co_await world.sleep_until(world.now() + network_.delay());
  while (network_.is_blocked(from, to)) {
    if (world.now() >= deadline) co_return false;
    co_await world.sleep_until(std::min(deadline, world.now() + retry));
  }
  co_return true;
}

Task<Result<std::unique_ptr<env::Stream>>> Network::Port::connect(env::Address address) {
  std::string host = name_;
  if (!address.starts_with("unix:/")) {
    CO_TRY_LET(const Place place, parse(address));
    host = place.host;
  }
  const Instant deadline = network_.world_.now() + network_.options_.connect_span;
  bool is_through = co_await cross(name_, host, deadline);
  const auto found = network_.listening_.find(ListeningSocket::key_of(host, address));
  std::shared_ptr<Mailbox> mailbox;
  if (is_through && found != network_.listening_.end()) mailbox = found->second;
  std::shared_ptr<Connection> connection;
  if (mailbox && mailbox->waiting.size() < backlog_max) {
    connection = network_.connect(name_, host);
    const env::Address self = name_ + ":" + std::to_string(network_.port_next_++);
    mailbox->waiting.push_back(std::make_unique<ConnectedSocket>(connection, 1, self));
    mailbox->acceptors.wake_one();
  }
  std::unique_ptr<env::Stream> stream;
  if (connection) stream = std::make_unique<ConnectedSocket>(connection, 0, address);
  is_through = is_through && co_await cross(host, name_, deadline);
  if (!is_through) co_return fail(ErrorCode::timed_out, "connect to " + address + ": no answer");
  if (!stream) co_return fail(ErrorCode::unavailable, "connect to " + address + ": refused");
  co_return stream;
}

Network::Network(World& world, NetworkOptions options) : world_(world), options_(options) {}

Network::~Network() = default;

env::Network& Network::node(const std::string& name) {
  auto& port = ports_[name];
  if (!port) port = std::make_unique<Port>(*this, name);
  return *port;
}

std::shared_ptr<Connection> Network::connect(const std::string& from, const std::string& to) {
  std::erase_if(connections_, [](const auto& connection) { return connection.expired(); });
  auto connection = std::make_shared<Connection>(*this, from, to);
  connections_.push_back(connection);
  return connection;
}

std::vector<std::shared_ptr<Connection>> Network::connections() {
  std::vector<std::shared_ptr<Connection>> living;
  for (const auto& connection : connections_) {
    if (auto alive = connection.lock()) living.push_back(std::move(alive));
  }
  return living;
}

void Network::block(const std::string& from, const std::string& to) {
  blocked_.insert({from, to});
}

void Network::unblock(const std::string& from, const std::string& to) {
  blocked_.erase({from, to});
  for (const auto& connection : connections()) {
    for (const Connection::End end : {0U, 1U}) {
      if (connection->node(end) == from && connection->node(1 - end) == to) {
        connection->resume_from(end);
      }
    }
  }
}

void Network::part(const std::string& one, const std::string& other) {
  block(one, other);
  block(other, one);
}

void Network::rejoin(const std::string& one, const std::string& other) {
  unblock(one, other);
  unblock(other, one);
}

void Network::cut(const std::string& one, const std::string& other) {
  for (const auto& connection : connections()) {
    const std::pair nodes(connection->node(0), connection->node(1));
    if (nodes == std::pair(one, other) || nodes == std::pair(other, one)) connection->cut();
  }
}

void Network::vanish(const std::string& name) {
  for (const auto& connection : connections()) {
    for (const Connection::End end : {0U, 1U}) {
      if (connection->node(end) == name) connection->vanish(end);
    }
  }
  for (auto place = listening_.begin(); place != listening_.end();) {
    const std::shared_ptr<Mailbox> mailbox = place->second;
    if (mailbox->node != name) {
      ++place;
      continue;
    }
    place = listening_.erase(place);
    mailbox->is_closed = true;
    mailbox->waiting.clear();
    mailbox->acceptors.wake_all();
  }
}

}  // namespace holdfast::sim
