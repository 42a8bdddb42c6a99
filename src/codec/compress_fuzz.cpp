// Hostile input to the decompressor: any bytes, any claimed size.
#include "codec/compress.h"

#include "base/check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace holdfast::codec {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(input, size));
  if (bytes.size() < 3) return 0;
  std::uint32_t claimed = 0;
  std::memcpy(&claimed, bytes.data(), 3);
  const Compressor compressor;
  if (const auto plain = compressor.decompress(bytes.subspan(3), claimed % (1 << 20))) {
    check(plain->size() == claimed % (1 << 20), "a success has the size that was asked for");
  }
  // And what it compresses it can restore.
  Bytes compressed(Compressor::room(bytes.size()));
  if (const auto used = compressor.compress(bytes, compressed)) {
    const auto again = compressor.decompress(ByteView(compressed).first(*used), bytes.size());
    check(again.has_value() && std::ranges::equal(*again, bytes), "the round trip is exact");
  }
  return 0;
}

}  // namespace holdfast::codec
