// VaultKeys: the keys of this node's vault, as the data folder keeps them, and what opens them.
//
// Without a passphrase a key on this machine opens the vault at each start. With one, only it or
// the recovery words do. What guessing could open never leaves the data folder: slots get the block
// with the wrap by words only.
#pragma once

#include "env/disk.h"
#include "env/random.h"
#include "env/workers.h"
#include "node/message.h"
#include "vault/key_block.h"
#include "vault/keys.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::node {

class VaultKeys {
 public:
  // Reads the block, or, where there is none, draws the keys of a new vault and stores them, opened
  // by `passphrase`, or by this machine without one. All must outlive it.
  static Task<Result<std::unique_ptr<VaultKeys>>> open(env::Disk& disk, env::Random& random,
                                                       env::Workers& workers,
                                                       std::optional<std::string> passphrase);

  bool is_new() const { return is_new_; }
  bool has_passphrase() const;
  // Nothing while locked.
  const vault::KeyRing* ring() const { return ring_ ? &*ring_ : nullptr; }

  // With the key on this machine, unless there is a passphrase.
  Task<Result<void>> unlock_by_machine();
  // `denied` for the wrong one.
  Task<Result<void>> unlock(std::string passphrase);
  void lock() { ring_.reset(); }

  // These need the vault to be open.
  Result<std::string> recovery_words() const;
  Task<Result<void>> set_passphrase(std::string passphrase);
  Task<Result<void>> remove_passphrase();

  // The block as slots get it.
  Result<Bytes> block_for_slots() const;
  const VaultId& vault() const { return block_->vault(); }

  std::vector<VaultKeyReport> report() const;

 private:
  VaultKeys(env::Disk& disk, env::Random& random, env::Workers& workers)
      : disk_(disk), random_(random), workers_(workers) {}

  Task<Result<void>> create(std::optional<std::string> passphrase);
  Task<Result<void>> load(Bytes block);
  Task<Result<void>> store();
  Task<Result<codec::SecretKey>> machine_key();
  Task<Result<void>> load_words();
  std::optional<vault::WrapId> find(vault::WrapKind kind) const;

  env::Disk& disk_;
  env::Random& random_;
  env::Workers& workers_;
  std::optional<vault::KeyBlock> block_;
  std::optional<vault::KeyRing> ring_;
  Bytes sealed_words_;  // The words' entropy, readable while the vault is open.
  bool is_new_ = false;
};

}  // namespace holdfast::node
