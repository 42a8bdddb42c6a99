// Server speaks HTTP/1.1 on TCP (by option over TLS 1.2 or newer) and on unix sockets, and hands each
// request to a handler.
//
// It bounds what strangers can make it hold: connections, head size, the time for a head, idle time,
// and the time in which some byte of a body must move.
#pragma once

#include "base/time.h"
#include "net/http.h"

#include <memory>
#include <string>

namespace holdfast::net {

struct ServerLimits {
  std::size_t connections_max = 4096;
  std::size_t head_bytes_max = 64 * kib;
  std::chrono::seconds head_timeout{10};    // From the first byte of a head to its end.
  std::chrono::seconds idle_timeout{60};    // Between requests.
  std::chrono::seconds stall_timeout{30};   // While a body makes no progress, either way.
};

// PEM texts. Reloadable while running.
struct Certificate {
  std::string chain;
  std::string private_key;
};

class Server {
 public:
  Server(boost::asio::any_io_executor executor, Handler handler, ServerLimits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // Aborts what is left. drain() first to end in order.

  // Listens on `address`: "127.0.0.1:9000", "[::1]:0" or "unix:/path" (made 0600, an old socket is
  // replaced). Returns the address with the port that the system chose. May be called several times.
  // With a certificate, TLS only.
  Result<std::string> listen(std::string address, std::optional<Certificate> certificate = {});

  // For connections made from now on, on all TLS listeners.
  Result<void> reload(Certificate certificate);

  // Accepts nothing more, lets requests at work end for up to `patience`, then aborts the rest.
  Task<void> drain(Duration patience);

  std::size_t connection_count() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // Shared with the connections' coroutines.
};

}  // namespace holdfast::net
