// Any body in chunks, cut anywhere: the same outcome as in one piece, and never more bytes out than
// went in.
#include "base/check.h"
#include "gateway/s3/protocol/chunked_body.h"

namespace s3 = holdfast::s3;

namespace {

struct Outcome {
  std::string bytes;
  bool is_done = false;
  bool has_failed = false;
};

Outcome decode(s3::Payload payload, std::string_view body, std::size_t step) {
  s3::ChunkedDecoder decoder(payload);
  Outcome outcome;
  while (!body.empty() && !decoder.is_done()) {
    auto input = holdfast::as_bytes(body.substr(0, step));
    body.remove_prefix(std::min(step, body.size()));
    while (!decoder.is_done()) {
      const auto piece = decoder.next(input);
      if (!piece) {
        outcome.has_failed = true;
        return outcome;
      }
      if (!*piece) break;
      outcome.bytes += holdfast::as_text((*piece)->bytes);
    }
  }
  outcome.is_done = decoder.is_done() && body.empty();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto payload = data[0] % 3 == 0   ? s3::Payload::signed_chunks
                       : data[0] % 3 == 1 ? s3::Payload::signed_chunks_with_trailer
                                          : s3::Payload::chunks_with_trailer;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto whole = decode(payload, body, body.size());
  const auto pieces = decode(payload, body, std::size_t{data[1]} + 1);
  holdfast::check(whole.bytes.size() <= body.size(), "decoding does not invent bytes");
  if (whole.is_done) {
    holdfast::check(pieces.is_done && pieces.bytes == whole.bytes, "cuts do not matter");
  }
  return 0;
}
