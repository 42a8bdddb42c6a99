// TCP and unix sockets of this machine.
#pragma once

#include "env/network.h"

#include <boost/asio/any_io_executor.hpp>

namespace holdfast::env::linux {

// Addresses are numeric: names are looked up by whoever has a policy for it. A unix socket is for
// its owner only (mode 0600); a file left by a listener that is gone is replaced.
class Network final : public env::Network {
 public:
  explicit Network(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}

  // Fails with `conflict` if somebody listens there, or `invalid`.
  Task<Result<std::unique_ptr<Listener>>> listen(Address address) override;

  // Fails with `unavailable`, `timed_out`, `not_found` (no such unix socket) or `invalid`.
  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override;

 private:
  boost::asio::any_io_executor loop_;
};

}  // namespace holdfast::env::linux
