// The aws-chunked content coding, taken apart piece by piece as it arrives:
//
//   size;chunk-signature=hex CRLF bytes CRLF … 0;chunk-signature=hex CRLF
//   name:value CRLF … [x-amz-trailer-signature:hex CRLF] CRLF
//
// Without signatures the lines are bare sizes. A field of the trailer may also end in LF CRLF, as
// Amazon's description of the form has it and MinIO's clients send it. Where there are signatures,
// one field and its signature are all of the trailer. The decoder knows the form only; hashing
// chunks, verifying signatures and counting bytes is up to whoever drives it (see sigv4.h).
//
//          +--------------------------- size > 0 ----------------------+
//          v                                                           |
//   [size line] -- size --> [bytes] --> [CRLF] ------------------------+
//          | size = 0
//          v
//   [trailer line] -- empty line --> [done]
//          ^  |
//          |  +-- LF alone --> [CRLF] --+
//          +----------------------------+
#pragma once

#include "base/bytes.h"
#include "gateway/s3/protocol/error.h"
#include "gateway/s3/protocol/sigv4.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::s3 {

class ChunkedDecoder {
 public:
  // Only the last chunk with bytes may be smaller.
  static constexpr std::uint64_t chunk_bytes_min = 8192;
  static constexpr std::size_t line_bytes_max = 1024;
  static constexpr std::size_t trailer_count_max = 16;

  enum class Kind : std::uint8_t {
    bytes,      // `bytes` belong to the chunk at hand.
    chunk_end,  // The chunk is whole; `signature` is what it claims. The last one has no bytes.
    done,       // The body is whole, its trailer read.
  };
  struct Piece {
    Kind kind = Kind::bytes;
    ByteView bytes;
    std::string signature;
  };

  // `payload` is one of the three forms in chunks.
  explicit ChunkedDecoder(Payload payload);

  // Takes bytes off the front of `input` and says what they were. Nothing: more input is needed.
  // Fails with IncompleteBody, InvalidChunkSizeError or MalformedTrailerError; never call it again
  // after that, or after `done`.
  Outcome<std::optional<Piece>> next(ByteView& input);

  bool is_done() const { return state_ == State::done; }

  // After `done`: the fields of the trailer without its signature, names in lower case.
  const std::vector<std::pair<std::string, std::string>>& trailer() const { return trailer_; }
  const std::string& trailer_signature() const { return trailer_signature_; }
  // The text that the trailer's signature is made over.
  std::string trailer_text() const;

 private:
  enum class State : std::uint8_t { size_line, bytes, bytes_end, trailer_line, trailer_end, done };

  Outcome<std::optional<std::string>> take_line(ByteView& input);
  Outcome<void> begin_chunk(std::string_view line);
  Outcome<void> add_trailer(std::string_view line);
  Outcome<void> end_trailer(ByteView rest);

  bool has_signatures_;
  bool may_have_trailer_;
  State state_ = State::size_line;
  std::string line_;        // What has come of a line that is not whole yet.
  std::string signature_;   // Of the chunk at hand.
  std::uint64_t left_ = 0;  // Of the chunk at hand.
  std::uint64_t chunk_number_ = 0;
  std::uint64_t small_chunk_ = 0;  // Its number, once there was one.
  std::uint64_t small_chunk_bytes_ = 0;
  std::vector<std::pair<std::string, std::string>> trailer_;
  std::string trailer_signature_;
};

}  // namespace holdfast::s3
