// Checksums against accidents (not against people): CRC32C, CRC-32 and CRC-64/NVME. Each continues
// from the checksum of the bytes before, so that
//   crc32c(b, crc32c(a)) == crc32c(a followed by b),
// and 0 is the checksum of nothing.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace holdfast::codec {

// Castagnoli (iSCSI, RFC 3720).
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);

// IEEE 802.3, as in zlib and PNG.
std::uint32_t crc32(ByteView bytes, std::uint32_t before = 0);

// Polynomial 0xad93d23594c93659, reflected, as in NVM Express and S3.
std::uint64_t crc64nvme(ByteView bytes, std::uint64_t before = 0);

// The checksum of two runs of bytes from the checksums of each and the size of the second, without
// the bytes: what an object has whose parts are known.
std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_size);
std::uint32_t crc32_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_size);
std::uint64_t crc64nvme_combine(std::uint64_t first, std::uint64_t second,
                                std::uint64_t second_size);

}  // namespace holdfast::codec
