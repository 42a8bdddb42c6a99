// However a stream is sliced, its chunks are the same.
#include "codec/chunker.h"

#include "base/check.h"

#include <algorithm>
#include <cstdint>

namespace holdfast::codec {
namespace {

std::vector<std::size_t> cuts(const GearTable& gear, ByteView stream, std::size_t slice) {
  const ChunkerOptions options{.min_bytes = 32, .average_bytes = 256, .max_bytes = 512};
  Chunker chunker(gear, options);
  std::vector<std::size_t> found;
  std::size_t at = 0;
  while (at < stream.size()) {
    const ByteView piece = stream.subspan(at, std::min(slice, stream.size() - at));
    const auto cut = chunker.next(piece);
    at += cut.value_or(piece.size());
    if (cut) found.push_back(at);
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  static const GearTable gear(SecretKey::from(Bytes(32, std::byte{7})));
  if (size < 2) return 0;
  const ByteView stream = std::as_bytes(std::span(input, size)).subspan(1);
  check(cuts(gear, stream, stream.size()) == cuts(gear, stream, input[0] + std::size_t{1}),
        "slicing changes nothing");
  return 0;
}

}  // namespace holdfast::codec
