#include "node/vault_keys.h"

#include "base/check.h"
#include "codec/aead.h"
#include "codec/kdf.h"
#include "vault/recovery_words.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::node {
namespace {

// Names in the data folder.
constexpr const char* block_file = "keys";
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

}  // namespace

Task<Result<std::unique_ptr<VaultKeys>>> VaultKeys::open(env::Disk& disk, env::Random& random,
                                                         env::Workers& workers,
                                                         std::optional<std::string> passphrase) {
  std::unique_ptr<VaultKeys> keys(new VaultKeys(disk, random, workers));
  auto stored = co_await env::read_file(disk, block_file, block_bytes_max);
  if (stored) {
    CO_TRY(co_await keys->load(std::move(*stored)));
  } else if (stored.error().code() == ErrorCode::not_found) {
    CO_TRY(co_await keys->create(std::move(passphrase)));
  } else {
    co_return std::unexpected(std::move(stored).error().within("read the keys of the vault"));
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
    CO_TRY_LET(const codec::SecretKey key, co_await machine_key());
    CO_TRY(block_->add_machine_key(*ring_, key, random_));
  }
  // The block last: a vault exists once it is there.
  CO_TRY(co_await env::replace_file(disk_, words_file, sealed_words_));
  co_return co_await store();
}

Task<Result<void>> VaultKeys::load(Bytes block) {
  auto parsed = vault::KeyBlock::parse(block);
  if (!parsed) {
    co_return std::unexpected(std::move(parsed).error().within("read the keys of the vault"));
  }
  block_ = std::move(*parsed);
  auto words = co_await env::read_file(disk_, words_file, words_bytes);
  if (words) {
    sealed_words_ = std::move(*words);
  } else if (words.error().code() != ErrorCode::not_found) {
    co_return std::unexpected(std::move(words).error());
  }
  co_return Result<void>();
}

Task<Result<void>> VaultKeys::store() {
  const Bytes block = block_->serialize();
  co_return co_await env::replace_file(disk_, block_file, block);
}

// The key on this machine; drawn when it is needed first.
Task<Result<codec::SecretKey>> VaultKeys::machine_key() {
  auto stored = co_await env::read_file(disk_, machine_key_file, codec::SecretKey::size);
  if (stored && stored->size() == codec::SecretKey::size) {
    co_return codec::SecretKey::from(*stored);
  }
  if (stored || stored.error().code() != ErrorCode::not_found) {
    co_return fail(ErrorCode::corrupt,
                   "The machine's key file is damaged. The recovery words still open the vault.");
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
  CO_TRY_LET(const codec::SecretKey key, co_await machine_key());
  auto opened = block_->unlock_with_machine_key(key);
  if (!opened) {
    co_return std::unexpected(std::move(opened).error().within(
        "The machine's key file does not open the vault; the recovery words still do"));
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
  CO_TRY(co_await env::replace_file(disk_, block_file, changed.serialize()));
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
  CO_TRY_LET(const codec::SecretKey key, co_await machine_key());
  CO_TRY(changed.add_machine_key(*ring_, key, random_));
  CO_TRY(changed.remove(*ring_, *passphrase));
  CO_TRY(co_await env::replace_file(disk_, block_file, changed.serialize()));
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
