#include "net/address.h"

#include "base/number.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <fmt/format.h>

#include <cstring>
#include <optional>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t unix_path_bytes_max = 107;  // sockaddr_un::sun_path with its final NUL: 108.

std::optional<tcp::endpoint> tcp_endpoint_of(const Endpoint& endpoint) {
  const int family = endpoint.protocol().family();
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  tcp::endpoint found;
  if (endpoint.size() > found.capacity()) return std::nullopt;
  std::memcpy(found.data(), endpoint.data(), endpoint.size());
  found.resize(endpoint.size());
  return found;
}

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
  const auto address = tcp_endpoint_of(endpoint);
  if (!address) return {};
  const std::string host = address->address().to_string();
  return address->address().is_v4() ? fmt::format("{}:{}", host, address->port())
                                    : fmt::format("[{}]:{}", host, address->port());
}

bool is_loopback(const Endpoint& endpoint) {
  const auto address = tcp_endpoint_of(endpoint);
  if (!address) return false;
  const auto ip = address->address();
  if (ip.is_v4() || !ip.to_v6().is_v4_mapped()) return ip.is_loopback();
  return asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6()).is_loopback();
}

}  // namespace holdfast::net
