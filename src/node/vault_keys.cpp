#include "node/vault_keys.h"

#include "base/check.h"
#include "base/log.h"
#include "codec/aead.h"
#include "codec/kdf.h"
#include "vault/recovery_words.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::node {
namespace {

// Names in the data folder.
constexpr const char* block_file = "keys";
constexpr const char* copy_file = "keys-copy";
constexpr const char* register_file = "register";
constexpr const char* machine_key_file = "machine-key";
constexpr const char* words_file = "recovery-words";

constexpr std::size_t block_bytes_max = 64 * kib;
constexpr std::size_t words_bytes = 12 + codec::SecretKey::size + codec::aead_tag_bytes;
constexpr std::string_view words_purpose = "holdfast 2026 recovery words kept with the keys";

constexpr std::string_view locked_text =
    "The vault is locked.\nOpen it first: holdfast vault unlock";

codec::Aead words_cipher(const vault::KeyRing& ring) {
  return codec::Aead(codec::hkdf_derive(ring.secrets_key(), as_bytes(words_purpose)));
}

// The words' entropy under a key of the vault, behind its nonce.
Bytes seal_words(const vault::KeyRing& ring, const codec::SecretKey& entropy, env::Random& random) {
  Bytes sealed(words_bytes);
  codec::AeadNonce nonce{};
  random.fill(nonce);
  std::ranges::copy(nonce, sealed.begin());
  words_cipher(ring).seal(nonce, ring.vault().view(), entropy.view(),
                          MutableByteView(sealed).subspan(nonce.size()));
  return sealed;
}

Result<codec::SecretKey> open_words(const vault::KeyRing& ring, ByteView sealed) {
  if (sealed.size() != words_bytes) {
    return fail(ErrorCode::corrupt, "The file with the recovery words is damaged.");
  }
  codec::AeadNonce nonce{};
  std::ranges::copy(sealed.first(nonce.size()), nonce.begin());
  codec::SecretKey entropy;
  TRY(words_cipher(ring).open(nonce, ring.vault().view(), sealed.subspan(nonce.size()),
                              entropy.writable()));
  return entropy;
}

void warn_of_repair(const std::string& folder, std::string_view damaged, std::string_view trouble,
                    std::string_view good) {
  log::warning("{}/{}, the keys of the vault: {}. It is made again from {}.", folder, damaged,
               trouble, good);
}

}  // namespace

Task<Result<std::unique_ptr<VaultKeys>>> VaultKeys::open(env::Disk& disk, std::string folder,
                                                         env::Random& random, env::Workers& workers,
                                                         std::optional<std::string> passphrase) {
  std::unique_ptr<VaultKeys> keys(new VaultKeys(disk, std::move(folder), random, workers));
  CO_TRY_LET(const bool is_there, co_await keys->load());
  if (!is_there) {
    CO_TRY(co_await keys->create(std::move(passphrase)));
  }
  co_return keys;
}

Task<Result<void>> VaultKeys::create(std::optional<std::string> passphrase) {
  is_new_ = true;
  ring_ = vault::KeyRing::draw(random_);
  block_ = vault::KeyBlock::create(*ring_, random_);
  codec::SecretKey entropy;
  random_.fill(entropy.writable());
  CO_TRY(block_->add_words(*ring_, entropy, random_));
  sealed_words_ = seal_words(*ring_, entropy, random_);
  if (passphrase) {
    CO_TRY(co_await workers_.call(
        [&] { return block_->add_passphrase(*ring_, *passphrase, {}, random_); }));
  } else {
    CO_TRY_LET(const codec::SecretKey key, co_await machine_key(Absent::draw));
    CO_TRY(block_->add_machine_key(*ring_, key, random_));
  }
  // The block last: a vault exists once it is there.
  CO_TRY(co_await env::replace_file(disk_, words_file, sealed_words_));
  co_return co_await store(*block_);
}

// Whether there is a vault.
Task<Result<bool>> VaultKeys::load() {
  CO_TRY_LET(Copy first, co_await read(block_file));
  CO_TRY_LET(Copy second, co_await read(copy_file));
  if (!first.block && !second.block) {
    // Only a vault that has been open has a register.
    const bool has_vault = (co_await disk_.open(register_file, {})).has_value();
    if (first.trouble.empty() && second.trouble.empty() && !has_vault) co_return false;
    co_return fail(ErrorCode::corrupt,
                   fmt::format("{}/{}, the keys of the vault: {}; the copy {}: {}", folder_,
                               block_file, first.trouble.empty() ? "it is gone" : first.trouble,
                               copy_file, second.trouble.empty() ? "it is gone" : second.trouble));
  }
  if (first.block) {
    if (!second.trouble.empty()) warn_of_repair(folder_, copy_file, second.trouble, block_file);
    if (first.bytes != second.bytes) {
      CO_TRY(co_await env::replace_file(disk_, copy_file, first.bytes));
    }
    block_ = std::move(first.block);
  } else {
    warn_of_repair(folder_, block_file, first.trouble.empty() ? "it is gone" : first.trouble,
                   copy_file);
    CO_TRY(co_await env::replace_file(disk_, block_file, second.bytes));
    block_ = std::move(second.block);
  }
  CO_TRY(co_await load_words());
  co_return true;
}

Task<Result<void>> VaultKeys::load_words() {
  auto words = co_await env::read_own_file(disk_, words_file, words_bytes);
  if (words) {
    sealed_words_ = std::move(*words);
  } else if (words.error().code() == ErrorCode::corrupt) {
    // Told to whoever asks for them: nothing else needs them.
    log::warning("{}/{}: {}", folder_, words_file, words.error().context());
  } else if (words.error().code() != ErrorCode::not_found) {
    co_return std::unexpected(std::move(words).error());
  }
  co_return Result<void>();
}

// Damage is no failure here.
Task<Result<VaultKeys::Copy>> VaultKeys::read(std::string name) {
  auto bytes = co_await env::read_own_file(disk_, name, block_bytes_max);
  if (!bytes) {
    const ErrorCode code = bytes.error().code();
    if (code == ErrorCode::not_found) co_return Copy();
    if (code == ErrorCode::corrupt) co_return Copy{.trouble = bytes.error().context()};
    co_return std::unexpected(std::move(bytes).error().within("read the keys of the vault"));
  }
  auto block = vault::KeyBlock::parse(*bytes);
  if (block) co_return Copy{.bytes = std::move(*bytes), .block = std::move(*block)};
  if (block.error().code() == ErrorCode::corrupt) {
    co_return Copy{.trouble = block.error().context()};
  }
  co_return std::unexpected(std::move(block).error().within(folder_ + "/" + name));
}

// The copy first: see the header.
Task<Result<void>> VaultKeys::store(const vault::KeyBlock& block) {
  const Bytes bytes = block.serialize();
  CO_TRY(co_await env::replace_file(disk_, copy_file, bytes));
  co_return co_await env::replace_file(disk_, block_file, bytes);
}

// The key on this machine; drawn when it is needed first.
Task<Result<codec::SecretKey>> VaultKeys::machine_key(Absent absent) {
  auto stored = co_await env::read_own_file(disk_, machine_key_file, codec::SecretKey::size);
  if (stored && stored->size() == codec::SecretKey::size) {
    co_return codec::SecretKey::from(*stored);
  }
  const bool is_absent = !stored && stored.error().code() == ErrorCode::not_found;
  if (!stored && !is_absent && stored.error().code() != ErrorCode::corrupt) {
    co_return std::unexpected(std::move(stored).error());
  }
  if (!is_absent || absent == Absent::fail) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("{}/{}, which opens the vault on this machine, is {}", folder_,
                               machine_key_file, is_absent ? "gone" : "damaged"));
  }
  codec::SecretKey key;
  random_.fill(key.writable());
  CO_TRY(co_await env::replace_file(disk_, machine_key_file, key.view()));
  co_return key;
}

std::optional<vault::WrapId> VaultKeys::find(vault::WrapKind kind) const {
  for (const vault::WrapSummary& wrap : block_->wraps()) {
    if (wrap.kind == kind) return wrap.id;
  }
  return std::nullopt;
}

bool VaultKeys::has_passphrase() const {
  return find(vault::WrapKind::passphrase).has_value();
}

Task<Result<void>> VaultKeys::unlock_by_machine() {
  if (ring_) co_return Result<void>();
  CO_TRY_LET(const codec::SecretKey key, co_await machine_key(Absent::fail));
  auto opened = block_->unlock_with_machine_key(key);
  if (!opened && opened.error().code() == ErrorCode::denied) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("{}/{} does not open the vault: it is damaged, or of another "
                               "data folder",
                               folder_, machine_key_file));
  }
  if (!opened) {
    co_return std::unexpected(std::move(opened).error().within(
        fmt::format("open the vault by {}/{}", folder_, machine_key_file)));
  }
  ring_ = std::move(*opened);
  co_return Result<void>();
}

Task<Result<void>> VaultKeys::unlock(std::string passphrase) {
  if (ring_) co_return Result<void>();
  auto opened = co_await workers_.call(
      [this, &passphrase] { return block_->unlock_with_passphrase(passphrase); });
  if (!opened && opened.error().code() == ErrorCode::denied) {
    co_return fail(ErrorCode::denied, "That is not the passphrase of this vault.");
  }
  if (!opened && opened.error().code() == ErrorCode::not_found) {
    co_return fail(ErrorCode::not_found, "This vault has no passphrase.");
  }
  CO_TRY_LET(ring_, std::move(opened));
  co_return Result<void>();
}

Result<std::string> VaultKeys::recovery_words() const {
  if (!ring_) return fail(ErrorCode::unavailable, std::string(locked_text));
  TRY_LET(const codec::SecretKey entropy, open_words(*ring_, sealed_words_));
  return vault::to_recovery_words(entropy);
}

Task<Result<void>> VaultKeys::set_passphrase(std::string passphrase) {
  if (!ring_) co_return fail(ErrorCode::unavailable, std::string(locked_text));
  // The old block stays in use until the new one is stored.
  vault::KeyBlock changed = *block_;
  CO_TRY(co_await workers_.call(
      [&] { return changed.change_passphrase(*ring_, passphrase, {}, random_); }));
  if (const auto machine = find(vault::WrapKind::machine_key)) {
    CO_TRY(changed.remove(*ring_, *machine));
  }
  CO_TRY(co_await store(changed));
  block_ = std::move(changed);
  // What it opened is gone with the old block; a copy of that block must not open either.
  auto removed = co_await disk_.remove(machine_key_file);
  if (!removed && removed.error().code() != ErrorCode::not_found) co_return removed;
  co_return co_await disk_.sync_folder("");
}

Task<Result<void>> VaultKeys::remove_passphrase() {
  if (!ring_) co_return fail(ErrorCode::unavailable, std::string(locked_text));
  const auto passphrase = find(vault::WrapKind::passphrase);
  if (!passphrase) co_return fail(ErrorCode::not_found, "This vault has no passphrase.");
  vault::KeyBlock changed = *block_;
  CO_TRY_LET(const codec::SecretKey key, co_await machine_key(Absent::draw));
  CO_TRY(changed.add_machine_key(*ring_, key, random_));
  CO_TRY(changed.remove(*ring_, *passphrase));
  CO_TRY(co_await store(changed));
  block_ = std::move(changed);
  co_return Result<void>();
}

Result<Bytes> VaultKeys::block_for_slots() const {
  check(ring_.has_value(), "slots are opened after the vault");
  TRY_LET(const vault::KeyBlock block, block_->with_words_only(*ring_));
  return block.serialize();
}

std::vector<VaultKeyReport> VaultKeys::report() const {
  std::vector<VaultKeyReport> keys;
  for (const vault::WrapSummary& wrap : block_->wraps()) {
    switch (wrap.kind) {
      case vault::WrapKind::passphrase:
        keys.push_back({"passphrase", "in people's heads; guessable only from the data folder"});
        break;
      case vault::WrapKind::recovery_words:
        keys.push_back({"words", "on paper, if you wrote them down; works with the disks alone"});
        break;
      case vault::WrapKind::machine_key:
        keys.push_back({"machine", "in the data folder; opens the vault at each start"});
        break;
    }
  }
  return keys;
}

}  // namespace holdfast::node
