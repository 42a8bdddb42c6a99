// The chunked transfer coding (RFC 9112, section 7.1), taken apart as it arrives, without I/O.
//
// Strict, because whatever two programs on a path read differently smuggles requests: sizes are
// plain hexadecimal digits, lines end in CR LF, and nothing else is let through. Extensions and
// trailer fields are bounded and dropped.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>

namespace holdfast::net {

class ChunkedDecoder {
 public:
  static constexpr std::size_t line_bytes_max = 4 * kib;     // Of one size line.
  static constexpr std::size_t trailer_bytes_max = 8 * kib;  // Of all trailer fields.

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };

  // Decodes until `input` is used up, `into` is full or the body ends. `invalid` on anything that
  // is no chunked body, after which the decoder is of no more use.
  Result<Step> decode(ByteView input, MutableByteView into);

  bool is_done() const { return state_ == State::done; }

  // How many bytes of content come next, without any framing between: they may be received where
  // they are wanted instead of going through decode(), and are then told by skip().
  std::uint64_t content_left() const { return state_ == State::content ? chunk_left_ : 0; }
  void skip(std::uint64_t size);

 private:
  enum class State : std::uint8_t {
    first_digit,
    size,
    extension,
    size_lf,
    content,
    content_cr,
    content_lf,
    trailer_start,  // At the beginning of a line after the last chunk.
    trailer,
    trailer_lf,
    end_lf,
    done,
  };

  // Takes one byte of framing; false if it must not stand there.
  bool take(char c);
  bool take_size(char c);
  bool take_trailer(char c);

  State state_ = State::first_digit;
  std::uint64_t chunk_left_ = 0;
  std::size_t line_bytes_ = 0;
};

}  // namespace holdfast::net
