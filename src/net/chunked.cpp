#include "net/chunked.h"

#include "base/check.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace holdfast::net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::decode(ByteView input, MutableByteView into) {
  Step step;
  while (step.consumed < input.size() && !is_done()) {
    if (state_ == State::content) {
      const std::size_t size = std::min({input.size() - step.consumed, into.size() - step.produced,
                                         static_cast<std::size_t>(chunk_left_)});
      if (size == 0) break;
      std::memcpy(into.data() + step.produced, input.data() + step.consumed, size);
      step.consumed += size;
      step.produced += size;
      skip(size);
    } else if (!take(static_cast<char>(input[step.consumed++]))) {
      return fail(ErrorCode::invalid, "broken framing in a chunked body");
    }
  }
  return step;
}

void ChunkedDecoder::skip(std::uint64_t size) {
  check(size <= chunk_left_, "no more is skipped than is left of a chunk");
  chunk_left_ -= size;
  if (chunk_left_ == 0) state_ = State::content_cr;
}

bool ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::first_digit:
    case State::size:
    case State::extension:
    case State::size_lf:
      return take_size(c);
    case State::content_cr:
      state_ = State::content_lf;
      return c == '\r';
    case State::content_lf:
      state_ = State::first_digit;
      return c == '\n';
    case State::trailer_start:
    case State::trailer:
    case State::trailer_lf:
    case State::end_lf:
      return take_trailer(c);
    case State::content:
    case State::done:
      break;
  }
  return false;
}

bool ChunkedDecoder::take_size(char c) {
  if (++line_bytes_ > line_bytes_max) return false;
  if (state_ == State::size_lf) {
    line_bytes_ = 0;
    state_ = chunk_left_ == 0 ? State::trailer_start : State::content;
    return c == '\n';
  }
  if (state_ == State::extension) {
    if (c == '\r') state_ = State::size_lf;
    return c == '\r' || is_text(c);
  }
  if (const int digit = hex_digit(c); digit >= 0) {
    if (chunk_left_ > std::numeric_limits<std::uint64_t>::max() >> 4) return false;
    chunk_left_ = chunk_left_ << 4 | static_cast<unsigned>(digit);
    state_ = State::size;
    return true;
  }
  if (state_ == State::first_digit) return false;
  state_ = c == '\r' ? State::size_lf : State::extension;
  return c == '\r' || c == ';' || c == ' ' || c == '\t';
}

bool ChunkedDecoder::take_trailer(char c) {
  if (++line_bytes_ > trailer_bytes_max) return false;
  switch (state_) {
    case State::trailer_start:
      state_ = c == '\r' ? State::end_lf : State::trailer;
      return c == '\r' || (is_text(c) && c != ' ' && c != '\t');
    case State::trailer:
      if (c == '\r') state_ = State::trailer_lf;
      return c == '\r' || is_text(c);
    case State::trailer_lf:
      state_ = State::trailer_start;
      return c == '\n';
    default:
      state_ = State::done;
      return c == '\n';
  }
}

}  // namespace holdfast::net
