// KeyRing: the keys of an unlocked vault, in memory. Who holds one can read everything in the
// vault; it is never written anywhere, and wipes itself. A KeyBlock (vault/key_block.h) is how it
// is kept.
//
// Random and kept: the master key, the chunk id key, the gear key, the service key, and one data
// key for each generation. Everything else is derived from those for one purpose each.
#pragma once

#include "base/id.h"
#include "base/result.h"
#include "codec/secret.h"
#include "env/random.h"

#include <cstdint>
#include <map>

namespace holdfast::vault {

// What a segment holds. The numbers are part of its key and never change.
enum class SegmentKind : std::uint8_t { data = 1, checkpoint = 2 };

// Const functions may be called from any thread.
class KeyRing {
 public:
  // A new vault: its id and all its keys are drawn; the data key has generation 1.
  static KeyRing draw(env::Random& random);

  KeyRing(KeyRing&&) = default;
  KeyRing& operator=(KeyRing&&) = default;

  const VaultId& vault() const { return vault_; }

  // What chunks of a dedupe domain are named under: equal bytes in two domains have unrelated
  // names.
  codec::SecretKey chunk_id_key(std::uint64_t domain) const;

  const codec::SecretKey& gear_key() const { return gear_; }

  // The generation whose data key new segments use; at least 1.
  std::uint32_t data_generation() const { return data_.rbegin()->first; }

  // `not_found` for a generation that this ring does not have.
  Result<codec::SecretKey> segment_key(std::uint32_t generation, const SegmentId& segment,
                                       SegmentKind kind) const;

  codec::SecretKey log_key(const GenerationId& generation) const;
  codec::SecretKey table_key() const;     // The local tables, on their disk.
  codec::SecretKey secrets_key() const;   // Secrets of access keys, within rows.
  codec::SecretKey register_key() const;  // MACs of the register that coordinates one machine.

 private:
  friend class KeyBlock;
  KeyRing() = default;

  codec::SecretKey derive(const codec::SecretKey& from, std::string_view purpose,
                          ByteView subject) const;

  VaultId vault_;
  codec::SecretKey master_;
  codec::SecretKey chunk_id_;
  codec::SecretKey gear_;
  codec::SecretKey service_;
  std::map<std::uint32_t, codec::SecretKey> data_;
};

}  // namespace holdfast::vault
