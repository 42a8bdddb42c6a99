// Records as slots see them: encrypted under a key of the generation whose writer made them, with
// their number as nonce. A record keeps its bytes when a later generation takes it over, so each
// says which generation it is of. Layout: docs/formats/range-row.md.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/aead.h"
#include "vault/keys.h"

#include <cstdint>
#include <optional>

namespace holdfast::vault {

inline constexpr std::size_t sealed_record_overhead =
    1 + GenerationId::size + codec::aead_tag_bytes;

// For the one writer of a generation, which must seal each number at most once.
class RecordSealer {
 public:
  RecordSealer(const KeyRing& keys, const GenerationId& generation)
      : generation_(generation), aead_(keys.log_key(generation)) {}

  Bytes seal(std::uint64_t sequence, ByteView plain);

 private:
  GenerationId generation_;
  codec::Aead aead_;
};

// For records of any generation, best in order.
class RecordOpener {
 public:
  // `keys` must outlive it.
  explicit RecordOpener(const KeyRing& keys) : keys_(keys) {}

  // `corrupt` when it is not what a sealer made under that number.
  Result<Bytes> open(std::uint64_t sequence, ByteView sealed);

 private:
  struct Current {
    GenerationId generation;
    codec::Aead aead;
  };
  const KeyRing& keys_;
  std::optional<Current> current_;
};

}  // namespace holdfast::vault
