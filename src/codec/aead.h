// AES-256-GCM: encryption that notices any change to the ciphertext or to what is associated with
// it. A nonce must never be used twice under one key for different bytes: who calls sees to that.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/secret.h"

#include <array>
#include <memory>

namespace holdfast::codec {

inline constexpr std::size_t aead_tag_bytes = 16;
inline constexpr std::size_t aead_message_bytes_max = gib;

using AeadNonce = std::array<std::byte, 12>;

// The expanded key and the cipher's state, which cost about a microsecond to make. Used by one
// thread at a time; wiped at its end.
class Aead {
 public:
  explicit Aead(const SecretKey& key);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  // Writes ciphertext and tag to `out`, which has exactly aead_tag_bytes more than `plain` and
  // either begins where `plain` begins or does not overlap it. At most 1 GiB.
  void seal(const AeadNonce& nonce, ByteView associated, ByteView plain, MutableByteView out);

  // Writes the plain bytes to `out`, which has exactly aead_tag_bytes less than `sealed` (none if
  // that is too short) and either begins where `sealed` begins or does not overlap it. If anything
  // is not as it was sealed, fails with `corrupt` and leaves zeros in `out`.
  Result<void> open(const AeadNonce& nonce, ByteView associated, ByteView sealed,
                    MutableByteView out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::codec
