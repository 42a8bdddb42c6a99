// BodyReader reads one message's body off a link, whatever tells where it ends.
#pragma once

#include "net/chunked.h"
#include "net/head.h"
#include "net/input_buffer.h"
#include "net/link.h"

namespace holdfast::net {

class BodyReader {
 public:
  BodyReader() = default;
  // `length` counts with Framing::length only.
  BodyReader(Framing framing, std::uint64_t length);

  // The next piece, taken from `input` first; 0 at the end, and only there. `invalid` when the
  // framing is broken or the peer ends early, `timed_out` when nothing comes for `stall`.
  Task<Result<std::size_t>> read(Link& link, InputBuffer& input, MutableByteView into,
                                 Duration stall);

  bool is_done() const { return is_done_; }

  // What is still to come, where that is known.
  std::optional<std::uint64_t> left() const;

 private:
  Task<Result<std::size_t>> read_chunked(Link& link, InputBuffer& input, MutableByteView into,
                                         Duration stall);
  // Receives into `into`, or through `input` where `into` is small.
  Task<Result<std::size_t>> receive(Link& link, InputBuffer& input, MutableByteView into,
                                    Duration stall);

  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;
  ChunkedDecoder decoder_;
  bool is_done_ = true;
};

}  // namespace holdfast::net
