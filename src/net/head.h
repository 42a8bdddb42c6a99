// Heads of HTTP/1 messages (RFC 9112): finding where one ends, parsing it, writing one. No I/O.
//
// Two programs that read a head differently can be made to take one request for two, so whatever is
// doubtful is refused: folded lines, bare line feeds, control characters, two different lengths, a
// length beside a transfer coding, a coding that is not exactly "chunked".
#pragma once

#include "net/http.h"

#include <expected>

namespace holdfast::net {

// Follows a head while it arrives, so that each byte is looked at once.
class HeadScanner {
 public:
  enum class State : std::uint8_t { incomplete, complete, malformed };

  // `received` is everything since the head began, more at each call. One empty line before the
  // head is let pass (RFC 9112, section 2.2).
  State scan(std::string_view received);

  // Once complete: where the head begins and ends, with the empty line that ends it.
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return scanned_; }

 private:
  std::size_t begin_ = 0;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
};

// What a request's head says about its connection and body, beside what handlers see.
struct RequestTraits {
  bool keep_alive = false;
  bool is_http_1_0 = false;
  bool expects_continue = false;
};

// Parses a complete head into `request` (method, target, headers, content_length, is_chunked), or
// tells the status to refuse it with. An absolute target becomes its path, and its authority the
// Host field (RFC 9112, section 3.2.2).
std::expected<RequestTraits, unsigned> parse_request(std::string_view head, Request& request);

// A client's view of an answer's head.
struct AnswerHead {
  unsigned status = 0;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool keep_alive = false;
};

// `invalid` if it is no head that this client can follow.
Result<AnswerHead> parse_answer(std::string_view head);

// How the end of a message's body is told.
enum class Framing : std::uint8_t {
  none,       // There is no body.
  length,     // Content-Length.
  chunked,    // Transfer-Encoding: chunked.
  until_end,  // The connection ends with it.
};

// Appends the status line and the fields of `head`, those that describe the body by `framing`, and
// no empty line yet. Control characters in values become spaces: no value can add a field.
void append_head(std::string& out, const ResponseHead& head, Framing framing);

// Appends one field, made safe likewise.
void append_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace holdfast::net
