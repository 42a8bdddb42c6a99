#include "env/linux/network.h"

#include "base/number.h"
#include "env/linux/system_error.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace holdfast::env::linux {
namespace asio = boost::asio;
namespace {

using Protocol = asio::generic::stream_protocol;
using Socket = Protocol::socket;
using Acceptor = asio::basic_socket_acceptor<Protocol>;
using Failure = boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view unix_prefix = "unix:";
constexpr mode_t unix_mode = 0600;

std::unexpected<Error> failure_of(const Failure& failure, const std::string& attempt) {
  return system_failure(failure.value(), attempt);
}

struct Endpoint {
  Protocol protocol;
  Protocol::endpoint place;
  std::string unix_path{};
};

// "10.0.0.7:4000", "[fd00::7]:4000" or "unix:/path".
Result<Endpoint> parse(const Address& address) {
  const auto bad = [&address] {
    return fail(ErrorCode::invalid,
                "\"" + address + "\" is no address with a port, nor unix:/path");
  };
  if (address.starts_with(unix_prefix)) {
    const std::string path = address.substr(unix_prefix.size());
    // The path and its zero have to fit.
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) return bad();
    const asio::local::stream_protocol::endpoint place(path);
    return Endpoint{place.protocol(), place, path};
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return bad();
  std::string host = address.substr(0, colon);
  const bool is_bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (!is_bracketed && host.contains(':')) return bad();
  const auto port = parse_number<std::uint16_t>(std::string_view(address).substr(colon + 1));
  if (!port) return bad();
  Failure failure;
  const auto number = asio::ip::make_address(host, failure);
  if (failure) return bad();
  const asio::ip::tcp::endpoint place(number, *port);
  return Endpoint{place.protocol(), place};
}

Address name_of(const Protocol::endpoint& place, const std::string& otherwise) {
  const int family = place.protocol().family();
  if (family != AF_INET && family != AF_INET6) return otherwise;
  asio::ip::tcp::endpoint tcp;
  std::memcpy(tcp.data(), place.data(), place.size());
  tcp.resize(place.size());
  const std::string host = tcp.address().to_string();
  const std::string port = std::to_string(tcp.port());
  return family == AF_INET6 ? "[" + host + "]:" + port : host + ":" + port;
}

class SocketStream final : public Stream {
 public:
  SocketStream(Socket socket, Address peer) : socket_(std::move(socket)), peer_(std::move(peer)) {
    // What is written is whole messages: they need not wait for more. Unix sockets refuse it.
    Failure ignored;
    (void)socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  Task<Result<std::size_t>> read(MutableByteView into) override {
    const auto [failure, size] =
        co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
    if (failure == asio::error::eof) co_return std::size_t{0};
    if (failure) co_return failure_of(failure, "read from " + peer_);
    co_return size;
  }

  Task<Result<void>> write(ByteView content) override {
    const auto [failure, size] = co_await asio::async_write(
        socket_, asio::buffer(content.data(), content.size()), as_result);
    if (failure) co_return failure_of(failure, "write to " + peer_);
    co_return Result<void>();
  }

  Result<void> end() override {
    Failure failure;
    (void)socket_.shutdown(Socket::shutdown_send, failure);
    if (failure) return failure_of(failure, "end the connection to " + peer_);
    return {};
  }

  void abort() override {
    Failure ignored;  // Closed all the same.
    (void)socket_.close(ignored);
  }

  Address peer() const override { return peer_; }

 private:
  Socket socket_;
  Address peer_;
};

class SocketListener final : public Listener {
 public:
  SocketListener(Acceptor acceptor, Address address, std::string unix_path)
      : acceptor_(std::move(acceptor)),
        address_(std::move(address)),
        unix_path_(std::move(unix_path)) {}
  ~SocketListener() override { close(); }

  Task<Result<std::unique_ptr<Stream>>> accept() override {
    Protocol::endpoint peer;
    auto [failure, socket] = co_await acceptor_.async_accept(peer, as_result);
    if (failure) co_return failure_of(failure, "accept at " + address_);
    co_return std::make_unique<SocketStream>(std::move(socket), name_of(peer, address_));
  }

  Address address() const override { return address_; }

  void close() override {
    if (!acceptor_.is_open()) return;
    if (!unix_path_.empty()) (void)unlink(unix_path_.c_str());
    Failure ignored;  // Closed all the same.
    (void)acceptor_.close(ignored);
  }

 private:
  Acceptor acceptor_;
  Address address_;
  std::string unix_path_;
};

// Removes the file of a unix socket at which nobody listens any more.
Task<void> remove_left_behind(asio::any_io_executor loop, const Endpoint& endpoint) {
  struct stat status{};
  if (lstat(endpoint.unix_path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) co_return;
  Socket probe(loop, endpoint.protocol);
  const auto [failure] = co_await probe.async_connect(endpoint.place, as_result);
  if (failure == asio::error::connection_refused) (void)unlink(endpoint.unix_path.c_str());
}

}  // namespace

Task<Result<std::unique_ptr<Listener>>> Network::listen(Address address) {
  CO_TRY_LET(const Endpoint endpoint, parse(address));
  const bool is_unix = !endpoint.unix_path.empty();
  if (is_unix) co_await remove_left_behind(loop_, endpoint);
  Failure failure;
  Acceptor acceptor(loop_);
  (void)acceptor.open(endpoint.protocol, failure);
  if (!failure && !is_unix) (void)acceptor.set_option(Acceptor::reuse_address(true), failure);
  // The file gets the mode that the socket has when it is bound.
  if (!failure && is_unix && fchmod(acceptor.native_handle(), unix_mode) != 0) {
    co_return system_failure(errno, "listen at " + address);
  }
  if (!failure) (void)acceptor.bind(endpoint.place, failure);
  if (!failure) (void)acceptor.listen(Acceptor::max_listen_connections, failure);
  if (failure) co_return failure_of(failure, "listen at " + address);
  const Protocol::endpoint bound = acceptor.local_endpoint(failure);
  co_return std::make_unique<SocketListener>(std::move(acceptor), name_of(bound, address),
                                             endpoint.unix_path);
}

Task<Result<std::unique_ptr<Stream>>> Network::connect(Address address) {
  CO_TRY_LET(const Endpoint endpoint, parse(address));
  Failure failure;
  Socket socket(loop_);
  (void)socket.open(endpoint.protocol, failure);
  if (failure) co_return failure_of(failure, "connect to " + address);
  const auto [connected] = co_await socket.async_connect(endpoint.place, as_result);
  if (connected) co_return failure_of(connected, "connect to " + address);
  co_return std::make_unique<SocketStream>(std::move(socket), std::move(address));
}

}  // namespace holdfast::env::linux
