// Byte streams between named nodes whose delays come from the seed, over wires that can be blocked.
//
// A connection is what TCP makes of such wires: bytes arrive in order and whole, later than they
// were sent, in pieces of any size. What a blocked wire holds up arrives once it is free again, so
// a connection over it hangs but lives; unless its node vanishes, it is cut, or its user gives up.
//
// It is the hardware: it outlives the processes that use it, and the streams and listeners they
// made.
#pragma once

#include "env/network.h"
#include "sim/world.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::sim {

struct NetworkOptions {
  Duration delay_min = std::chrono::microseconds(50);
  Duration delay_max = std::chrono::milliseconds(2);
  // How long connect() tries over a wire that is blocked.
  Duration connect_span = std::chrono::seconds(10);
};

class Network {
 public:
  // Sent and not yet read, in each direction of a connection.
  static constexpr std::size_t window_size = 256 * kib;
  // Connections that wait to be accepted; further ones are refused.
  static constexpr std::size_t backlog_max = 128;

  explicit Network(World& world, NetworkOptions options = {});
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // The network as the node of that name sees it, for as long as this object lives. Its addresses
  // are "name:4000", or "unix:/path" within the node. To listen, "0.0.0.0:4000" means itself.
  env::Network& node(const std::string& name);

  // Nothing from one node reaches the other until it is unblocked. Both ways: a partition; one way:
  // a link that is half broken.
  void block(const std::string& from, const std::string& to);
  void unblock(const std::string& from, const std::string& to);
  void part(const std::string& one, const std::string& other);
  void rejoin(const std::string& one, const std::string& other);

  // Both ends of every connection between the nodes learn at once that it is broken.
  void cut(const std::string& one, const std::string& other);

  // The node's power fails: its connections and listeners are gone and nobody is told. Kill its
  // process as well. A new one may listen and connect at once.
  void vanish(const std::string& name);

 private:
  friend class Connection;
  class Port;
  class ListeningSocket;
  class ConnectedSocket;
  struct Mailbox;

  Duration delay() { return world_.random().between(options_.delay_min, options_.delay_max); }
  bool is_blocked(const std::string& from, const std::string& to) const {
    return blocked_.contains({from, to});
  }
  std::shared_ptr<class Connection> connect(const std::string& from, const std::string& to);
  std::vector<std::shared_ptr<class Connection>> connections();

  World& world_;
  NetworkOptions options_;
  std::map<std::string, std::unique_ptr<Port>> ports_;
  std::set<std::pair<std::string, std::string>> blocked_;
  std::map<env::Address, std::shared_ptr<Mailbox>> listening_;
  std::vector<std::weak_ptr<class Connection>> connections_;
  std::uint16_t port_next_ = 40'000;
};

}  // namespace holdfast::sim
