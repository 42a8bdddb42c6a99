// XXH64, XXH3 of 64 bits and XXH3 of 128 bits: fast hashes against accidents (not against people),
// which S3 knows as checksums. Unseeded; values are in canonical order, most significant byte
// first.
#pragma once

#include "base/bytes.h"

#include <array>
#include <memory>

namespace holdfast::codec {

enum class XxHashKind { xxh64, xxh3, xxh128 };

constexpr std::size_t xxhash_size(XxHashKind kind) {
  return kind == XxHashKind::xxh128 ? 16 : 8;
}

// Takes bytes piece by piece.
class XxHash {
 public:
  explicit XxHash(XxHashKind kind);
  XxHash(XxHash&&) noexcept;
  XxHash& operator=(XxHash&&) noexcept;
  ~XxHash();

  void update(ByteView bytes);
  // Writes xxhash_size(kind) bytes: the hash of everything so far.
  void finish(MutableByteView out) const;

 private:
  struct State;
  XxHashKind kind_;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::codec
