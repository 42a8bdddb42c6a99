// Keys out of keys (HKDF) and keys out of what people can remember (Argon2id).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/secret.h"

#include <cstdint>

namespace holdfast::codec {

// HKDF with SHA-256 (RFC 5869), extract and expand. Requires 1 to 8,160 bytes of output.
void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, MutableByteView out);

// A key for the purpose that `info` spells out. The keys of two purposes say nothing of each other
// or of `key`. Each use begins its info with a constant text of its own.
SecretKey hkdf_derive(const SecretKey& key, ByteView info);

// What guessing costs. The defaults take most of a second on one core.
struct Argon2Parameters {
  std::uint32_t memory_kib = 256 * 1024;
  std::uint32_t passes = 3;
  std::uint32_t lanes = 4;

  // Inside the limits below. Parameters come from stored headers, which an attacker may have
  // written, so they are held between "worth nothing" and "never ends".
  bool is_valid() const;

  bool operator==(const Argon2Parameters&) const = default;
};

inline constexpr std::uint32_t argon2_memory_kib_min = 64 * 1024;
inline constexpr std::uint32_t argon2_memory_kib_max = 2 * 1024 * 1024;
inline constexpr std::uint32_t argon2_passes_max = 16;
inline constexpr std::uint32_t argon2_lanes_max = 16;
inline constexpr std::size_t argon2_salt_bytes_min = 8;

// Argon2id, version 1.3 (RFC 9106), on the calling thread. Blocks it for long, so call it on a
// worker. Fails with `invalid` for parameters outside the limits or a salt under 8 bytes, and with
// `unavailable` when there is not enough memory.
Result<SecretKey> argon2id(ByteView password, ByteView salt, const Argon2Parameters& parameters);

}  // namespace holdfast::codec
