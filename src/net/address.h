// Addresses as people write them: "127.0.0.1:9000", "[::1]:9000", "localhost:9000", "unix:/path".
#pragma once

#include "base/result.h"

#include <boost/asio/generic/stream_protocol.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::net {

using Endpoint = boost::asio::generic::stream_protocol::endpoint;

struct HostAndPort {
  std::string host;  // Without the brackets of an IPv6 address.
  std::uint16_t port = 0;
};

// Splits "host:port"; `invalid` if it is something else.
Result<HostAndPort> split_host_and_port(std::string_view text);

// A unix socket's endpoint; `invalid` for a path too long to be one (107 bytes).
Result<Endpoint> unix_endpoint(std::string_view path);

// An address to listen on or to connect to without asking a name server: "unix:/path", or an IP
// address or "localhost" with a port. `invalid` otherwise.
Result<Endpoint> parse_endpoint(std::string_view address);

// The reverse for TCP; empty for any other endpoint.
std::string to_string(const Endpoint& endpoint);

// Is it this machine, by TCP?
bool is_loopback(const Endpoint& endpoint);

}  // namespace holdfast::net
