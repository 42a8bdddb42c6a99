// Byte streams between processes: TCP and unix sockets. Linux: env/linux/network.h. Simulated:
// sim/network.h, which delays, cuts and partitions.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"

#include <memory>
#include <string>

namespace holdfast::env {

// "10.0.0.7:4000", "[fd00::7]:4000" or "unix:/run/holdfast.sock".
using Address = std::string;

// An open connection. One read and one write may be under way at a time. Destroying it closes it.
class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte; 0 once the peer has ended its side.
  virtual Task<Result<std::size_t>> read(MutableByteView into) = 0;

  // All of `content`, or an error after which the stream is of no more use.
  virtual Task<Result<void>> write(ByteView content) = 0;

  // Tells the peer that no more comes. Reading goes on.
  virtual Result<void> end() = 0;

  // Makes a read or write under way fail. For deadlines.
  virtual void abort() = 0;

  virtual Address peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;

  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  virtual Address address() const = 0;  // With the port that the system chose, if asked for port 0.
  virtual void close() = 0;             // Makes an accept() under way fail.
};

class Network {
 public:
  virtual ~Network() = default;

  virtual Task<Result<std::unique_ptr<Listener>>> listen(Address address) = 0;
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Address address) = 0;
};

}  // namespace holdfast::env
