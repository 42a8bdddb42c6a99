// BLAKE3 in its three modes: plain, keyed, and key derivation. The hash of a long contiguous view
// is computed several lanes at a time, so hand over bytes in pieces as large as they come.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "codec/secret.h"

#include <array>
#include <string_view>

namespace holdfast::codec {

using Blake3Hash = std::array<std::byte, 32>;

// Takes bytes piece by piece. Copying one copies what it has seen so far. Holds no memory
// elsewhere; a keyed one contains its key, so it wipes itself.
class Blake3 {
 public:
  Blake3();
  static Blake3 keyed(const SecretKey& key) { return keyed(key.view()); }
  // Requires 32 bytes. For keys that are public constants, which only set domains apart.
  static Blake3 keyed(ByteView key);
  // A context is a constant text of this program that is used for one purpose only.
  static Blake3 deriving(std::string_view context);

  Blake3(const Blake3&) = default;
  Blake3& operator=(const Blake3&) = default;
  ~Blake3();

  Blake3& update(ByteView bytes);

  // The hash of everything so far; more may follow.
  Blake3Hash finish() const;
  // The first out.size() bytes of the extended output, of any length.
  void finish(MutableByteView out) const;

 private:
  struct Uninitialised {};
  explicit Blake3(Uninitialised) {}

  // Room for the C library's state, whose header stays out of this one.
  static constexpr std::size_t state_bytes = 1912;
  alignas(8) std::array<std::byte, state_bytes> state_;
};

// The name of a chunk under the key of its dedupe domain.
ChunkId chunk_id(const SecretKey& key, ByteView plain);

// A key for one purpose out of key material of any length that has 256 bits of entropy.
SecretKey blake3_derive_key(std::string_view context, ByteView material);

}  // namespace holdfast::codec
