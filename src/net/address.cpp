#include "net/address.h"

#include "base/number.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <fmt/format.h>

#include <cstring>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t unix_path_bytes_max = 107;  // sockaddr_un::sun_path with its final NUL: 108.

}  // namespace

Result<HostAndPort> split_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no address: write HOST:PORT", text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no address: write an IPv6 host in brackets", text));
  }
  const std::string_view digits = text.substr(colon + 1);
  const auto port = parse_number<std::uint16_t>(digits);
  if (!port) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no address: '{}' is no port", text, digits));
  }
  return HostAndPort{.host = std::string(host), .port = *port};
}

Result<Endpoint> unix_endpoint(std::string_view path) {
  if (path.empty() || path.size() > unix_path_bytes_max) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' cannot be a socket: a path of 1 to {} bytes is needed", path,
                            unix_path_bytes_max));
  }
  return Endpoint(asio::local::stream_protocol::endpoint(path));
}

Result<Endpoint> parse_endpoint(std::string_view address) {
  if (address.starts_with(unix_prefix)) return unix_endpoint(address.substr(unix_prefix.size()));
  TRY_LET(const HostAndPort parts, split_host_and_port(address));
  boost::system::error_code error;
  const auto ip = parts.host == "localhost" ? asio::ip::make_address("127.0.0.1", error)
                                            : asio::ip::make_address(parts.host, error);
  if (error) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no IP address", parts.host));
  }
  return Endpoint(tcp::endpoint(ip, parts.port));
}

std::string to_string(const Endpoint& endpoint) {
  const int family = endpoint.protocol().family();
  if (family != AF_INET && family != AF_INET6) return {};
  tcp::endpoint tcp_endpoint;
  if (endpoint.size() > tcp_endpoint.capacity()) return {};
  std::memcpy(tcp_endpoint.data(), endpoint.data(), endpoint.size());
  tcp_endpoint.resize(endpoint.size());
  const std::string host = tcp_endpoint.address().to_string();
  return family == AF_INET ? fmt::format("{}:{}", host, tcp_endpoint.port())
                           : fmt::format("[{}]:{}", host, tcp_endpoint.port());
}

}  // namespace holdfast::net
