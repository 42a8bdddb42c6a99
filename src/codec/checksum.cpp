#include "codec/checksum.h"

#include "codec/polynomial.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace holdfast::codec {
namespace {

using Crc32c = Polynomial<std::uint32_t, 0x82f63b78>;
using Crc32 = Polynomial<std::uint32_t, 0xedb88320>;

// The library takes the size as an int.
constexpr std::size_t piece_bytes_max = gib;

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t before) {
  std::uint32_t state = ~before;
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(bytes.size(), piece_bytes_max));
    // The library only reads, though its signature does not say so.
    auto* const start = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(piece.data()));
    state = crc32_iscsi(start, static_cast<int>(piece.size()), state);
    bytes = bytes.subspan(piece.size());
  }
  return ~state;
}

std::uint32_t crc32(ByteView bytes, std::uint32_t before) {
  return crc32_gzip_refl(before, reinterpret_cast<const unsigned char*>(bytes.data()),
                         bytes.size());
}

std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_size) {
  return Crc32c::combine(first, second, second_size);
}

std::uint32_t crc32_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_size) {
  return Crc32::combine(first, second, second_size);
}

}  // namespace holdfast::codec
