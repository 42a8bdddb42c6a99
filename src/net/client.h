// Client sends HTTP/1.1 requests over TCP, TLS or a unix socket, and keeps connections for reuse.
#pragma once

#include "base/time.h"
#include "net/http.h"

#include <memory>
#include <string>

namespace holdfast::net {

struct ClientOptions {
  std::string endpoint = {};  // "http://host:port", "https://host:port", "unix:/path".
  std::string ca_file = {};   // Trust these certificates instead of the system's.
  bool verify_peer = true;
  std::size_t connections_max = 64;             // Requests beyond wait.
  Duration timeout = std::chrono::seconds(60);  // While nothing moves, either way.
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // Percent-encoded.
  Headers headers;           // Host and Content-Length are added, the former unless it is there.
  ByteView body;             // Must stay valid until the task completes.
  // Instead of `body`: called for the next piece until content_length bytes have come; without a
  // length until it returns 0, and the body goes in chunks. A failure, or 0 before the length, ends
  // the request and its connection.
  std::function<Task<Result<std::size_t>>(MutableByteView)> body_source;
  std::optional<std::uint64_t> content_length;
};

// An answer whose body is still to be read. Destroying it early closes its connection.
class ClientResponse {
 public:
  virtual ~ClientResponse() = default;

  virtual unsigned status() const = 0;
  virtual const Headers& headers() const = 0;
  virtual std::optional<std::uint64_t> content_length() const = 0;
  virtual Task<Result<std::size_t>> read(MutableByteView into) = 0;  // 0 at the end.
};

class Client {
 public:
  Client(boost::asio::any_io_executor executor, ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Sends `request` and returns when the head of its answer is there. `unavailable` when nobody
  // answers there, `denied` when the peer's certificate is not trusted, `timed_out`, `invalid` for
  // an endpoint or an answer that makes no sense. A request without streamed body that fails on a
  // reused connection before any answer is sent once more on a new one.
  Task<Result<std::unique_ptr<ClientResponse>>> send(ClientRequest request);

  // The whole body as text; `invalid` beyond `size_max`.
  static Task<Result<std::string>> read_all(ClientResponse& response, std::size_t size_max);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::net
