// The digests that protocols ask for by name: MD5, SHA-1, SHA-256, SHA-512, and HMAC over SHA-256.
// Our own formats use BLAKE3 (codec/blake3.h); MD5 and SHA-1 protect against accidents only.
#pragma once

#include "base/bytes.h"

#include <array>
#include <memory>

namespace holdfast::codec {

enum class DigestKind { md5, sha1, sha256, sha512 };

constexpr std::size_t digest_size(DigestKind kind) {
  switch (kind) {
    case DigestKind::md5:
      return 16;
    case DigestKind::sha1:
      return 20;
    case DigestKind::sha256:
      return 32;
    case DigestKind::sha512:
      return 64;
  }
  return 0;
}

// What all digests share; use the aliases below.
class DigestState {
 public:
  explicit DigestState(DigestKind kind);
  DigestState(DigestState&&) noexcept;
  DigestState& operator=(DigestState&&) noexcept;
  ~DigestState();

  void update(ByteView bytes);
  // Writes digest_size(kind) bytes and starts over.
  void finish(MutableByteView out);

 private:
  struct Context;
  DigestKind kind_;
  std::unique_ptr<Context> context_;
};

// Takes bytes piece by piece: Md5, Sha1, Sha256, Sha512.
template <DigestKind Kind>
class Digest {
 public:
  using Value = std::array<std::byte, digest_size(Kind)>;

  Digest() : state_(Kind) {}

  Digest& update(ByteView bytes) {
    state_.update(bytes);
    return *this;
  }

  // The digest of everything since the start or the last finish().
  Value finish() {
    Value value;
    state_.finish(value);
    return value;
  }

  static Value of(ByteView bytes) { return Digest().update(bytes).finish(); }

 private:
  DigestState state_;
};

using Md5 = Digest<DigestKind::md5>;
using Sha1 = Digest<DigestKind::sha1>;
using Sha256 = Digest<DigestKind::sha256>;
using Sha512 = Digest<DigestKind::sha512>;

// HMAC with SHA-256 (RFC 2104), made for short messages: allocates nothing.
Sha256::Value hmac_sha256(ByteView key, ByteView message);

}  // namespace holdfast::codec
