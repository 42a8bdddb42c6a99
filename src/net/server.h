// Server speaks HTTP/1.1 on TCP (by option over TLS 1.2 or newer) and on unix sockets, and hands
// each request to a handler.
//
// It bounds what strangers can make it hold: connections, head size, the time for a head, idle
// time, and the time in which some byte of a body must move.
#pragma once

#include "base/time.h"
#include "net/certificate.h"
#include "net/http.h"

#include <memory>
#include <string>

namespace holdfast::net {

// The time limits hold to a second or a quarter of the shortest, whichever is less.
struct ServerLimits {
  std::size_t connections_max =
      4096;  // Beyond it the longest idle one makes room, or callers wait.
  std::size_t head_bytes_max = 32 * kib;
  Duration head_timeout = std::chrono::seconds(10);   // First byte of a head to its end; handshake.
  Duration idle_timeout = std::chrono::seconds(60);   // Between requests.
  Duration stall_timeout = std::chrono::seconds(30);  // While a body makes no progress, either way.
};

class Server {
 public:
  Server(boost::asio::any_io_executor executor, Handler handler, ServerLimits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // Aborts what is left. drain() first to end in order.

  // Listens on `address`: "127.0.0.1:9000", "[::1]:0" or "unix:/path" (made 0600; a socket left by
  // a dead process is replaced). Returns the address with the port that the system chose. May be
  // called several times. With a certificate, TLS only. `conflict` when somebody else listens
  // there, `invalid` for an address or certificate that makes no sense.
  Result<std::string> listen(std::string address, std::optional<Certificate> certificate = {});

  // For connections made from now on, on all TLS listeners. On failure the old one stays in use.
  Result<void> reload(Certificate certificate);

  // Accepts nothing more, lets requests at work end for up to `patience`, then aborts the rest.
  // Returns when the last handler has returned and every upgraded connection is gone.
  Task<void> drain(Duration patience);

  std::size_t connection_count() const;  // Upgraded ones too.

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // Shared with the connections' coroutines.
};

}  // namespace holdfast::net
