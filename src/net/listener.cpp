#include "net/listener.h"

#include <boost/asio/socket_base.hpp>

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Removes the path of a socket on which nobody listens any more.
Result<void> remove_stale(const std::string& path, const Endpoint& endpoint) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) {
    return fail(ErrorCode::conflict, fmt::format("'{}' exists and is no socket", path));
  }
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return fail(ErrorCode::io, "no socket to be had");
  const int connected = ::connect(probe, endpoint.data(), static_cast<socklen_t>(endpoint.size()));
  const int error = connected == 0 ? 0 : errno;
  ::close(probe);
  if (error != ECONNREFUSED) {
    return fail(ErrorCode::conflict, fmt::format("somebody listens on '{}' already", path));
  }
  if (::unlink(path.c_str()) != 0) {
    return fail(ErrorCode::io, fmt::format("cannot remove the old socket '{}'", path));
  }
  return {};
}

Error listen_failure(const std::string& address, const error_code& error) {
  const auto code = error == asio::error::address_in_use  ? ErrorCode::conflict
                    : error == asio::error::access_denied ? ErrorCode::denied
                                                          : ErrorCode::io;
  return {code, fmt::format("listen on {}: {}", address, error.message())};
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const asio::any_io_executor& executor,
                                                 const std::string& address) {
  TRY_LET(const Endpoint endpoint, parse_endpoint(address));
  const bool is_unix = endpoint.protocol().family() == AF_UNIX;
  const std::string path = is_unix ? address.substr(address.find(':') + 1) : std::string();
  if (is_unix) {
    TRY(remove_stale(path, endpoint));
  }
  Acceptor acceptor(executor);
  error_code error;
  (void)acceptor.open(endpoint.protocol(), error);
  if (error) return std::unexpected(listen_failure(address, error));
  // The mode that a unix socket has when it is bound is the mode of its path.
  if (is_unix && ::fchmod(acceptor.native_handle(), S_IRUSR | S_IWUSR) != 0) {
    return fail(ErrorCode::io, fmt::format("cannot make '{}' private", path));
  }
  if (!is_unix) (void)acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) (void)acceptor.bind(endpoint, error);
  if (!error) (void)acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected(listen_failure(address, error));
  std::string actual = is_unix ? address : to_string(acceptor.local_endpoint(error));
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), std::move(actual), path));
}

Listener::Listener(Acceptor acceptor, std::string address, std::string path)
    : acceptor_(std::move(acceptor)), address_(std::move(address)), path_(std::move(path)) {
  struct stat made{};
  if (!path_.empty() && ::lstat(path_.c_str(), &made) == 0) {
    path_device_ = made.st_dev;
    path_number_ = made.st_ino;
  }
}

void Listener::close() {
  if (!acceptor_.is_open()) return;
  boost::system::error_code ignored;  // The socket is gone either way.
  (void)acceptor_.close(ignored);
  struct stat found{};
  if (!path_.empty() && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == path_device_ &&
      found.st_ino == path_number_) {
    ::unlink(path_.c_str());
  }
}

}  // namespace holdfast::net
