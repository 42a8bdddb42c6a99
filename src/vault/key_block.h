// KeyBlock: the keys of a vault as they are stored, locked (docs/formats/key-block.md). The master
// key lies in it several times, wrapped for each secret that may open it; all other keys lie in it
// once, wrapped by the master key. Reading the block without a secret tells the vault's id, and how
// many keys and which wraps there are.
//
// Invariants:
//   - A block that was stored has at least one wrap.
//   - A wrap opens only in the block of its vault, with the parameters that it was made with.
//   - Whoever has no secret can neither change a block unnoticed nor make its opening cost more
//   than
//     the limits in codec/kdf.h and key_wraps_max allow.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/kdf.h"
#include "env/random.h"
#include "vault/key_block_fields.h"
#include "vault/keys.h"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::vault {

// A value: copies, holds no secrets. Everything that changes it needs the ring of the same vault
// and fails with `conflict` for any other. Passphrases take part of a second and up to 2 GiB of
// memory each: call from a worker.
class KeyBlock {
 public:
  static constexpr std::size_t passphrase_bytes_max = 1024;

  // The block of a newly drawn ring, still without any wrap.
  static KeyBlock create(const KeyRing& ring, env::Random& random);

  // Takes what anyone may have written. Fails with `corrupt` when it is damaged or malformed or
  // asks for more than the limits allow, `unsupported` when it is of another version.
  static Result<KeyBlock> parse(ByteView bytes);

  // Requires at least one wrap.
  Bytes serialize() const;

  const VaultId& vault() const { return fields_.vault; }
  std::vector<WrapSummary> wraps() const;

  // Each opens the first wrap of its kind that the secret fits. Fails with `not_found` when there
  // is no such wrap, `denied` when the secret is wrong, `invalid` when it cannot be one, `corrupt`
  // when it is right but something else in the block is not.
  Result<KeyRing> unlock_with_passphrase(std::string_view passphrase) const;
  Result<KeyRing> unlock_with_words(std::string_view words) const;
  Result<KeyRing> unlock_with_machine_key(const codec::SecretKey& key) const;

  // Each adds a wrap. Fails with `full` past key_wraps_max, `invalid` for an empty or overlong
  // passphrase and for a cost outside the limits.
  Result<WrapId> add_passphrase(const KeyRing& ring, std::string_view passphrase,
                                const codec::Argon2Parameters& cost, env::Random& random);
  Result<WrapId> add_machine_key(const KeyRing& ring, const codec::SecretKey& key,
                                 env::Random& random);
  // `entropy` is random; show it with to_recovery_words().
  Result<WrapId> add_words(const KeyRing& ring, const codec::SecretKey& entropy,
                           env::Random& random);

  // Replaces all wraps by passphrase by one. Copies of the block that lie elsewhere still open with
  // the passphrase of then.
  Result<WrapId> change_passphrase(const KeyRing& ring, std::string_view passphrase,
                                   const codec::Argon2Parameters& cost, env::Random& random);

  // Fails with `not_found`, and with `invalid` for the last wrap: nobody could open the vault
  // again.
  Result<void> remove(const KeyRing& ring, const WrapId& id);

  // Draws the next generation's data key, into the ring too, and returns its number. `full` past
  // wrapped_keys_max.
  Result<std::uint32_t> add_data_generation(KeyRing& ring, env::Random& random);

  // The block as slots get it: with the wraps by recovery words only, since those cannot be
  // guessed. `not_found` when there is none.
  Result<KeyBlock> with_words_only(const KeyRing& ring) const;

  bool operator==(const KeyBlock&) const = default;

 private:
  explicit KeyBlock(KeyBlockFields fields) : fields_(std::move(fields)) {}

  Result<KeyRing> unlock(WrapKind kind, ByteView secret) const;
  Result<KeyRing> open(codec::SecretKey master) const;
  Result<WrapId> add(const KeyRing& ring, const WrapSummary& summary, ByteView secret,
                     env::Random& random);
  Result<void> check_ring(const KeyRing& ring) const;

  KeyBlockFields fields_;
};

}  // namespace holdfast::vault
