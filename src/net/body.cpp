#include "net/body.h"

namespace holdfast::net {
namespace {

// Pieces smaller than this are received many at a time.
constexpr std::size_t direct_bytes_min = 4 * kib;
constexpr std::size_t receive_bytes = 16 * kib;

std::size_t take(InputBuffer& input, MutableByteView into) {
  const std::size_t size = std::min(input.size(), into.size());
  if (size > 0) std::memcpy(into.data(), input.view().data(), size);
  input.consume(size);
  return size;
}

MutableByteView first(MutableByteView view, std::uint64_t size_max) {
  return view.first(static_cast<std::size_t>(std::min<std::uint64_t>(view.size(), size_max)));
}

}  // namespace

BodyReader::BodyReader(Framing framing, std::uint64_t length)
    : framing_(framing),
      left_(length),
      is_done_(framing == Framing::none || (framing == Framing::length && length == 0)) {}

std::optional<std::uint64_t> BodyReader::left() const {
  if (is_done_) return 0;
  return framing_ == Framing::length ? std::optional(left_) : std::nullopt;
}

Task<Result<std::size_t>> BodyReader::read(Link& link, InputBuffer& input, MutableByteView into,
                                           Duration stall) {
  if (is_done_ || into.empty()) co_return std::size_t{0};
  if (framing_ == Framing::chunked) co_return co_await read_chunked(link, input, into, stall);
  if (framing_ == Framing::length) into = first(into, left_);
  CO_TRY_LET(const std::size_t size, co_await receive(link, input, into, stall));
  if (framing_ == Framing::until_end) {
    is_done_ = size == 0;
    co_return size;
  }
  if (size == 0) co_return fail(ErrorCode::invalid, "the peer ended amid a body");
  left_ -= size;
  is_done_ = left_ == 0;
  co_return size;
}

Task<Result<std::size_t>> BodyReader::read_chunked(Link& link, InputBuffer& input,
                                                   MutableByteView into, Duration stall) {
  for (;;) {
    if (input.is_empty() && decoder_.content_left() > 0 && into.size() >= direct_bytes_min) {
      const auto room = first(into, decoder_.content_left());
      CO_TRY_LET(const std::size_t size, co_await link.read_some(room, link.sweep().after(stall)));
      if (size == 0) co_return fail(ErrorCode::invalid, "the peer ended amid a body");
      decoder_.skip(size);
      co_return size;
    }
    if (input.is_empty()) {
      CO_TRY_LET(const std::size_t received,
                 co_await link.read_some(input.room(receive_bytes), link.sweep().after(stall)));
      if (received == 0) co_return fail(ErrorCode::invalid, "the peer ended amid a body");
      input.commit(received);
    }
    CO_TRY_LET(const ChunkedDecoder::Step step, decoder_.decode(input.view(), into));
    input.consume(step.consumed);
    is_done_ = decoder_.is_done();
    if (step.produced > 0 || is_done_) co_return step.produced;
  }
}

Task<Result<std::size_t>> BodyReader::receive(Link& link, InputBuffer& input, MutableByteView into,
                                              Duration stall) {
  if (!input.is_empty()) co_return take(input, into);
  const Sweep::Tick deadline = link.sweep().after(stall);
  // Reading a body of known length past its end would only move the next request's bytes early.
  if (into.size() >= direct_bytes_min || into.size() == left_) {
    co_return co_await link.read_some(into, deadline);
  }
  CO_TRY_LET(const std::size_t received,
             co_await link.read_some(input.room(receive_bytes), deadline));
  input.commit(received);
  co_return take(input, into);
}

}  // namespace holdfast::net
