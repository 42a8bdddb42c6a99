// Link is one open connection over TCP or a unix socket, with or without TLS, and its deadlines.
//
// Reads and writes are tried at once and wait only when the socket is not ready, which spares most
// trips through the loop. One read and one write may be under way at a time.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"
#include "net/address.h"
#include "net/sweep.h"
#include "net/tls.h"

#include <boost/asio/generic/stream_protocol.hpp>

#include <array>
#include <optional>
#include <span>

namespace holdfast::net {

using Socket = boost::asio::generic::stream_protocol::socket;

class Link {
 public:
  // `socket` is open. Watched by `sweep` from now on.
  Link(std::shared_ptr<Sweep> sweep, Socket socket);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  int handle() { return socket_.native_handle(); }
  Sweep& sweep() { return *sweep_; }

  // Connects a socket that is not yet. `unavailable` when nobody listens there.
  Task<Result<void>> connect(const Endpoint& endpoint, Sweep::Tick deadline);

  // Speaks TLS from here on. All fail with `timed_out` past `deadline`, with `unavailable` when the
  // peer is gone or abort() was called.
  Task<Result<void>> handshake(TlsSession session, Sweep::Tick deadline);
  bool is_secure() const { return session_ != nullptr; }

  // At least one byte; 0 once the peer has ended its side. `is_idle`: nothing is expected to be
  // there yet, so wait without trying first.
  Task<Result<std::size_t>> read_some(MutableByteView into, Sweep::Tick deadline,
                                      bool is_idle = false);

  // All of `pieces`, which is used up, each piece within `stall` of the one before.
  Task<Result<void>> write_all(std::span<ByteView> pieces, Duration stall);

  // Tells the peer that no more comes.
  void end();

  // Makes whatever is under way, and all that follows, fail.
  void abort();

  // Ends the connection when it is destroyed in a way that the peer takes for a failure.
  void reset_on_close();

  // Called by the sweep.
  void expire(Sweep::Tick now);

  // Is the connection open as far as can be told, with nothing to read?
  bool is_quiet();

  // Stays registered with the sweep only while watched; a link in a pool is not.
  void watch(bool is_watched);

  // Set while a server's connection waits for a request: since when.
  std::optional<Sweep::Tick> idle_since;

 private:
  friend class Sweep;

  enum class Direction : std::uint8_t { read, write };
  struct Attempt {
    enum class Outcome : std::uint8_t { moved, ended, wants_read, wants_write, failed };
    Outcome outcome;
    std::size_t size = 0;
  };

  Attempt try_read(MutableByteView into);
  Attempt try_write(std::span<const ByteView> pieces);
  Attempt tls_attempt(int result, std::size_t moved);
  Error failure() const;
  Task<Result<void>> wait(Attempt::Outcome wanted, Direction direction, Sweep::Tick deadline);
  Task<void> yield();

  std::shared_ptr<Sweep> sweep_;
  Socket socket_;
  TlsSession session_;
  std::size_t sweep_place_ = 0;
  std::array<Sweep::Tick, 2> deadlines_{Sweep::never, Sweep::never};
  std::array<bool, 2> has_expired_{};
  unsigned unbroken_count_ = 0;  // Operations since the last wait.
  int error_ = 0;                // errno of the last failed attempt.
  std::string tls_error_;
  bool is_denied_ = false;  // The peer's certificate is not trusted.
  bool is_aborted_ = false;
  bool is_watched_ = false;
};

}  // namespace holdfast::net
