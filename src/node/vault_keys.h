// VaultKeys: the keys of this node's vault, as the data folder keeps them, and what opens them.
//
// Without a passphrase a key on this machine opens the vault at each start. With one, only it or
// the recovery words do. What guessing could open never leaves the data folder: slots get the block
// with the wrap by words only.
//
// The data folder holds the block twice. A change goes into the copy first, so the copy is never
// the older one; of two good ones the file `keys` counts, and one that is damaged or gone is made
// again from the other.
#pragma once

#include "env/disk.h"
#include "env/own_file.h"
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
  // Reads the block, or, in a folder without a vault, draws the keys of a new one and stores them,
  // opened by `passphrase`, or by this machine without one. `folder` says where the root of `disk`
  // is. All others must outlive it. Fails with `corrupt`, naming the file, when there is a vault
  // and no good block of it, `unsupported` when a newer release wrote one.
  static Task<Result<std::unique_ptr<VaultKeys>>> open(env::Disk& disk, std::string folder,
                                                       env::Random& random, env::Workers& workers,
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
  // One of the two files with the block.
  struct Copy {
    Bytes bytes{};
    std::optional<vault::KeyBlock> block{};  // None when the file is damaged or gone.
    std::string trouble{};                   // What is wrong with it, and empty when it is gone.
  };

  VaultKeys(env::Disk& disk, std::string folder, env::Random& random, env::Workers& workers)
      : disk_(disk), folder_(std::move(folder)), random_(random), workers_(workers) {}

  Task<Result<void>> create(std::optional<std::string> passphrase);
  Task<Result<bool>> load();
  Task<Result<void>> load_words();
  Task<Result<Copy>> read(std::string name);
  Task<Result<void>> store(const vault::KeyBlock& block);
  enum class Absent { draw, fail };
  Task<Result<codec::SecretKey>> machine_key(Absent absent);
  std::optional<vault::WrapId> find(vault::WrapKind kind) const;

  env::Disk& disk_;
  std::string folder_;
  env::Random& random_;
  env::Workers& workers_;
  std::optional<vault::KeyBlock> block_;
  std::optional<vault::KeyRing> ring_;
  Bytes sealed_words_;  // The words' entropy, readable while the vault is open.
  bool is_new_ = false;
};

}  // namespace holdfast::node
