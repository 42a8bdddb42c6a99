// What the tests of servers and clients share: a loop on a thread of its own, and a peer that
// speaks byte by byte what no client would. For tests only.
#pragma once

#include "base/bytes.h"
#include "net/server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace holdfast::net::testing {

// A blocking connection for the test's own thread. Fails the test when nothing comes for seconds.
class Peer {
 public:
  // "127.0.0.1:9000" or "unix:/path". `receive_bytes`: the size of the system's buffer, 0 for the
  // usual one.
  explicit Peer(const std::string& address, int receive_bytes = 0);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  // False once the other side is gone.
  bool send(std::string_view text);
  void end();  // No more is sent.

  // Exactly `size` bytes, or fewer if the connection ends before.
  std::string receive(std::size_t size);
  std::string receive_to_end();
  // Up to and with the first occurrence of `mark`.
  std::string receive_until(std::string_view mark);
  // A head, and the body that its Content-Length tells.
  std::string receive_answer();

  // Has the other side closed, and sent nothing before?
  bool is_closed() { return receive(1).empty(); }

 private:
  int socket_ = -1;
  std::string received_;
};

// A server whose loop runs on another thread. Drained when it goes.
class RunningServer {
 public:
  explicit RunningServer(Handler handler, ServerLimits limits = {},
                         std::optional<Certificate> certificate = {},
                         const std::string& address = "127.0.0.1:0");
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer();

  const std::string& address() const { return address_; }

  std::size_t connection_count();
  Result<void> reload(Certificate certificate);

  // Begins to drain; the flag is set when that is done.
  void drain(Duration patience);
  bool is_drained() const { return is_drained_; }

 private:
  static Task<void> drain_and_note(RunningServer& self, Duration patience);

  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::atomic<bool> is_drained_ = false;
  std::thread thread_;
};

// Answers by what is asked for: see the function itself.
Task<void> answer_for_test(Exchange& exchange);

// Bytes that answer_for_test has handed to write() so far.
std::atomic<std::uint64_t>& written_bytes();

}  // namespace holdfast::net::testing
