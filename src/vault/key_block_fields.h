// The fields of a key block and their layout as bytes (docs/formats/key-block.md). Knows no secrets
// and checks no ciphers: that is vault/key_block.h, and nobody else needs this.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/aead.h"
#include "codec/kdf.h"

#include <array>
#include <cstdint>
#include <vector>

namespace holdfast::vault {

using WrapId = Id<struct WrapTag, 8>;  // Drawn when the wrap is made.

// What opens a wrap. The numbers are stored.
enum class WrapKind : std::uint8_t { passphrase = 1, recovery_words = 2, machine_key = 3 };

// What anyone may know of a wrap.
struct WrapSummary {
  WrapId id;
  WrapKind kind = WrapKind::passphrase;
  codec::Argon2Parameters cost;  // Of a passphrase only.

  bool operator==(const WrapSummary&) const = default;
};

inline constexpr std::size_t key_wraps_max = 8;
inline constexpr std::size_t wrapped_keys_max = 512;

using SealedKey = std::array<std::byte, codec::SecretKey::size + codec::aead_tag_bytes>;

// The master key under a secret of a person or a machine.
struct KeyWrap {
  WrapSummary summary;
  std::array<std::byte, 32> salt{};
  std::array<std::byte, 32> check{};  // Tells a wrong secret from a damaged block.
  SealedKey sealed_master{};

  bool operator==(const KeyWrap&) const = default;
};

// What a wrapped key is for. The numbers are stored.
enum class KeyPurpose : std::uint8_t { chunk_id = 1, gear = 2, service = 3, data = 4 };

// Another key under the master key.
struct WrappedKey {
  KeyPurpose purpose = KeyPurpose::data;
  std::uint32_t number = 0;  // The generation of a data key; otherwise 1.
  codec::AeadNonce nonce{};
  SealedKey sealed{};

  bool operator==(const WrappedKey&) const = default;
};

struct KeyBlockFields {
  VaultId vault;
  std::vector<KeyWrap> wraps;
  std::vector<WrappedKey> keys;
  std::array<std::byte, 32> mac{};

  bool operator==(const KeyBlockFields&) const = default;
};

// What the MAC is over: everything before it.
Bytes encode_body(const KeyBlockFields& fields);

// What each ciphertext is bound to.
Bytes associated_with(const VaultId& vault, const KeyWrap& wrap);
Bytes associated_with(const VaultId& vault, const WrappedKey& key);

Bytes encode(const KeyBlockFields& fields);

// Takes what anyone may have written. `corrupt` when it is damaged, malformed or beyond a limit,
// `unsupported` when it is of a version that this one does not know.
Result<KeyBlockFields> decode_key_block(ByteView bytes);

}  // namespace holdfast::vault
