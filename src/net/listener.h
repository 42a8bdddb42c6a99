// Listener is a socket that takes connections on one address. Removes a unix socket's path when it
// is closed.
#pragma once

#include "net/address.h"
#include "net/link.h"
#include "net/tls.h"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <memory>
#include <string>

namespace holdfast::net {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

class Listener {
 public:
  // See Server::listen().
  static Result<std::unique_ptr<Listener>> open(const boost::asio::any_io_executor& executor,
                                                const std::string& address);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  Acceptor& acceptor() { return acceptor_; }
  const std::string& address() const { return address_; }

  // Makes an accept under way fail.
  void close();

  TlsContext tls;  // Nothing: plain.

 private:
  Listener(Acceptor acceptor, std::string address, std::string path);

  Acceptor acceptor_;
  std::string address_;
  std::string path_;  // Of a unix socket.
  std::uint64_t path_device_ = 0;
  std::uint64_t path_number_ = 0;
};

}  // namespace holdfast::net
