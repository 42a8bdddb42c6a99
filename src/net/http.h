// HTTP as handlers see it, on either side: heads and streamed bodies, no sockets.
//
// Bodies are never held in memory: they are read and written piece by piece, and a side that does
// not read holds the other back.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::net {

// Header fields in the order received; names compare without regard to case (RFC 9110,
// section 5.1).
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces all fields of that name.
  void set(std::string name, std::string value);

  // The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  const std::vector<Field>& fields() const { return fields_; }
  void clear() { fields_.clear(); }

 private:
  std::vector<Field> fields_;
};

struct Request {
  std::string method;
  std::string target;  // As sent: path and query, still percent-encoded.
  Headers headers;
  std::optional<std::uint64_t> content_length;  // Nothing: chunked transfer, or no body.
  bool is_chunked = false;                      // Has a body of a length not yet known.
  std::string peer;                             // "10.0.0.9:51234", empty on a unix socket.
  bool is_secure = false;                       // Came over TLS.
};

struct ResponseHead {
  unsigned status = 200;
  Headers headers = {};
  // Nothing: sent with chunked transfer coding. Ignored for 1xx, 204 and 304.
  std::optional<std::uint64_t> content_length = {};
};

// Both directions of a connection that left HTTP behind (RFC 9110, section 7.8). Starts with what
// the peer had already sent. One read and one write may be under way at a time. A peer that takes
// nothing for the server's stall_timeout fails a write; reading waits for ever.
class RawConnection {
 public:
  virtual ~RawConnection() = default;

  virtual Task<Result<std::size_t>> read(MutableByteView into) = 0;  // 0: the peer ended its side.
  virtual Task<Result<void>> write(ByteView content) = 0;
  virtual Result<void> end() = 0;  // Tells the peer that no more comes.
  virtual void abort() = 0;        // Makes a read or write under way fail.
};

// One request being answered, on the server's side. Lives until the handler's task completes.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;

  // The next piece of the body, at most into.size() bytes; 0 at its end. The first call answers
  // `Expect: 100-continue`. Fails with `invalid` when the peer breaks the framing or ends early,
  // and `timed_out` when it stalls: answer if you like, the connection closes after.
  virtual Task<Result<std::size_t>> read(MutableByteView into) = 0;

  // Starts the answer. Once only; `invalid` for a second time or for an informational status. The
  // head is held back to go out with the first write(), even an empty one, or when the handler
  // ends. A body not read by then is skipped if it is small; else the connection closes after the
  // answer.
  virtual Task<Result<void>> start(ResponseHead head) = 0;

  // The next pieces of the answer's body, which go out together; nothing is sent for HEAD. Returns
  // when the kernel has taken all of them; `unavailable` when the peer is gone, `timed_out` when it
  // stalls. An answer of another length than announced closes the connection, so that the peer can
  // tell.
  virtual Task<Result<void>> write(std::span<const ByteView> pieces) = 0;
  Task<Result<void>> write(ByteView piece) { co_return co_await write(std::span(&piece, 1)); }

  // Head and whole body at once, with its length; the cheapest way for short answers. An answer to
  // HEAD tells head.content_length if that is set, else the size of `body`, and sends none of it.
  virtual Task<Result<void>> respond(ResponseHead head, std::string body) = 0;

  bool has_started() const { return has_started_; }

  // Gives up an answer that was started and cannot be completed: the connection is reset, so that
  // the peer can tell, whatever the framing. Without effect before start().
  virtual void abort() = 0;

  // Hands the connection over after an answer of 101 (or 200 for a hijacked stream) with `head`.
  // `invalid` once an answer has started or while some of the request's body is unread.
  virtual Task<Result<std::unique_ptr<RawConnection>>> upgrade(ResponseHead head) = 0;

 protected:
  bool has_started_ = false;
};

// Answers one request. A handler that returns without an answer makes it a 500.
using Handler = std::function<Task<void>(Exchange&)>;

// Do these names, or other words of the protocol, differ at most in the case of ASCII letters?
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Percent-decoding of a path or query part (RFC 3986, section 2.1); '+' stays itself. `invalid` on
// a broken escape.
Result<std::string> percent_decode(std::string_view text);

// Encodes all but A-Z a-z 0-9 - . _ ~ and the characters in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = {});

}  // namespace holdfast::net
