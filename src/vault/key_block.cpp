#include "vault/key_block.h"

#include "base/check.h"
#include "codec/blake3.h"
#include "vault/recovery_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace holdfast::vault {
namespace {

// The key that a wrap's master key is sealed under, and the value that shows, before anything is
// opened, that it is the right one. A ciphertext of GCM alone can be made to open under two keys.
struct WrapKeys {
  codec::SecretKey sealing;
  codec::SecretKey check;
};

Result<WrapKeys> wrap_keys(const VaultId& vault, const KeyWrap& wrap, ByteView secret) {
  codec::SecretKey material;
  if (wrap.summary.kind == WrapKind::passphrase) {
    TRY_LET(material, codec::argon2id(secret, wrap.salt, wrap.summary.cost));
  } else {
    material = codec::SecretKey::from(secret);
  }
  Bytes about = to_bytes(as_bytes("holdfast key block wrap v1"));
  about.insert(about.end(), vault.bytes.begin(), vault.bytes.end());
  about.push_back(static_cast<std::byte>(wrap.summary.kind));
  std::array<std::byte, 2 * codec::SecretKey::size> derived;
  codec::hkdf_sha256(material.view(), wrap.salt, about, derived);
  WrapKeys keys{.sealing = codec::SecretKey::from(ByteView(derived).first<32>()),
                .check = codec::SecretKey::from(ByteView(derived).last<32>())};
  codec::wipe(derived);
  return keys;
}

codec::SecretKey wrapping_key(const codec::SecretKey& master) {
  return codec::hkdf_derive(master, as_bytes("holdfast key block keys v1"));
}

std::array<std::byte, 32> mac_of(const KeyBlockFields& fields, const codec::SecretKey& master) {
  const codec::SecretKey key = codec::hkdf_derive(master, as_bytes("holdfast key block mac v1"));
  return codec::Blake3::keyed(key).update(encode_body(fields)).finish();
}

void add_key(KeyBlockFields& fields, WrappedKey key, const codec::SecretKey& plain,
             const codec::SecretKey& master, env::Random& random) {
  random.fill(key.nonce);
  codec::Aead(wrapping_key(master))
      .seal(key.nonce, associated_with(fields.vault, key), plain.view(), key.sealed);
  fields.keys.push_back(key);
}

Result<void> check_passphrase(std::string_view passphrase) {
  if (passphrase.empty() || passphrase.size() > KeyBlock::passphrase_bytes_max) {
    return fail(ErrorCode::invalid,
                fmt::format("a passphrase has 1 to {} bytes", KeyBlock::passphrase_bytes_max));
  }
  return {};
}

std::string_view name_of(WrapKind kind) {
  switch (kind) {
    case WrapKind::passphrase:
      return "passphrase";
    case WrapKind::recovery_words:
      return "recovery words";
    case WrapKind::machine_key:
      return "machine key";
  }
  return "secret";
}

}  // namespace

KeyBlock KeyBlock::create(const KeyRing& ring, env::Random& random) {
  KeyBlockFields fields;
  fields.vault = ring.vault_;
  const auto add = [&](KeyPurpose purpose, std::uint32_t number, const codec::SecretKey& key) {
    add_key(fields, {.purpose = purpose, .number = number}, key, ring.master_, random);
  };
  add(KeyPurpose::chunk_id, 1, ring.chunk_id_);
  add(KeyPurpose::gear, 1, ring.gear_);
  add(KeyPurpose::service, 1, ring.service_);
  for (const auto& [number, key] : ring.data_) add(KeyPurpose::data, number, key);
  fields.mac = mac_of(fields, ring.master_);
  return KeyBlock(std::move(fields));
}

Result<KeyBlock> KeyBlock::parse(ByteView bytes) {
  TRY_LET(KeyBlockFields fields, decode_key_block(bytes));
  return KeyBlock(std::move(fields));
}

Bytes KeyBlock::serialize() const {
  check(!fields_.wraps.empty(), "a stored key block can be opened");
  return encode(fields_);
}

std::vector<WrapSummary> KeyBlock::wraps() const {
  std::vector<WrapSummary> summaries;
  for (const KeyWrap& wrap : fields_.wraps) summaries.push_back(wrap.summary);
  return summaries;
}

Result<KeyRing> KeyBlock::unlock_with_passphrase(std::string_view passphrase) const {
  TRY(check_passphrase(passphrase));
  return unlock(WrapKind::passphrase, as_bytes(passphrase));
}

Result<KeyRing> KeyBlock::unlock_with_words(std::string_view words) const {
  TRY_LET(const codec::SecretKey entropy, from_recovery_words(words));
  return unlock(WrapKind::recovery_words, entropy.view());
}

Result<KeyRing> KeyBlock::unlock_with_machine_key(const codec::SecretKey& key) const {
  return unlock(WrapKind::machine_key, key.view());
}

Result<KeyRing> KeyBlock::unlock(WrapKind kind, ByteView secret) const {
  bool is_there = false;
  for (const KeyWrap& wrap : fields_.wraps) {
    if (wrap.summary.kind != kind) continue;
    is_there = true;
    TRY_LET(const WrapKeys keys, wrap_keys(fields_.vault, wrap, secret));
    if (!codec::equal_in_constant_time(keys.check.view(), wrap.check)) continue;
    codec::SecretKey master;
    // Each wrap has a key of its own that seals nothing else, so the nonce may be constant.
    TRY(codec::Aead(keys.sealing)
            .open({}, associated_with(fields_.vault, wrap), wrap.sealed_master, master.writable()));
    return open(std::move(master));
  }
  const auto vault = to_string(fields_.vault);
  if (!is_there) {
    return fail(ErrorCode::not_found,
                fmt::format("unlock vault {}: no {} opens it", vault, name_of(kind)));
  }
  return fail(ErrorCode::denied, fmt::format("unlock vault {}: wrong {}", vault, name_of(kind)));
}

Result<KeyRing> KeyBlock::open(codec::SecretKey master) const {
  if (!codec::equal_in_constant_time(mac_of(fields_, master), fields_.mac)) {
    return fail(ErrorCode::corrupt, "key block: it was changed by someone who could not open it");
  }
  KeyRing ring;
  ring.vault_ = fields_.vault;
  codec::Aead aead(wrapping_key(master));
  for (const WrappedKey& wrapped : fields_.keys) {
    codec::SecretKey key;
    TRY(aead.open(wrapped.nonce, associated_with(fields_.vault, wrapped), wrapped.sealed,
                  key.writable()));
    switch (wrapped.purpose) {
      case KeyPurpose::chunk_id:
        ring.chunk_id_ = std::move(key);
        break;
      case KeyPurpose::gear:
        ring.gear_ = std::move(key);
        break;
      case KeyPurpose::service:
        ring.service_ = std::move(key);
        break;
      case KeyPurpose::data:
        ring.data_.emplace(wrapped.number, std::move(key));
        break;
    }
  }
  ring.master_ = std::move(master);
  return ring;
}

Result<WrapId> KeyBlock::add_passphrase(const KeyRing& ring, std::string_view passphrase,
                                        const codec::Argon2Parameters& cost, env::Random& random) {
  TRY(check_passphrase(passphrase));
  return add(ring, {.id = {}, .kind = WrapKind::passphrase, .cost = cost}, as_bytes(passphrase),
             random);
}

Result<WrapId> KeyBlock::add_machine_key(const KeyRing& ring, const codec::SecretKey& key,
                                         env::Random& random) {
  return add(ring, {.id = {}, .kind = WrapKind::machine_key, .cost = {}}, key.view(), random);
}

Result<WrapId> KeyBlock::add_words(const KeyRing& ring, const codec::SecretKey& entropy,
                                   env::Random& random) {
  return add(ring, {.id = {}, .kind = WrapKind::recovery_words, .cost = {}}, entropy.view(),
             random);
}

Result<WrapId> KeyBlock::add(const KeyRing& ring, const WrapSummary& summary, ByteView secret,
                             env::Random& random) {
  TRY(check_ring(ring));
  if (fields_.wraps.size() >= key_wraps_max) {
    return fail(ErrorCode::full,
                fmt::format("a vault is opened by at most {} secrets; remove one", key_wraps_max));
  }
  KeyWrap wrap;
  wrap.summary = summary;
  wrap.summary.id = random.draw<WrapId>();
  random.fill(wrap.salt);
  TRY_LET(const WrapKeys keys, wrap_keys(fields_.vault, wrap, secret));
  std::ranges::copy(keys.check.view(), wrap.check.begin());
  codec::Aead(keys.sealing)
      .seal({}, associated_with(fields_.vault, wrap), ring.master_.view(), wrap.sealed_master);
  fields_.wraps.push_back(wrap);
  fields_.mac = mac_of(fields_, ring.master_);
  return wrap.summary.id;
}

Result<WrapId> KeyBlock::change_passphrase(const KeyRing& ring, std::string_view passphrase,
                                           const codec::Argon2Parameters& cost,
                                           env::Random& random) {
  KeyBlock changed = *this;
  std::erase_if(changed.fields_.wraps,
                [](const KeyWrap& wrap) { return wrap.summary.kind == WrapKind::passphrase; });
  TRY(check_ring(ring));
  changed.fields_.mac = mac_of(changed.fields_, ring.master_);
  TRY_LET(const WrapId id, changed.add_passphrase(ring, passphrase, cost, random));
  *this = std::move(changed);
  return id;
}

Result<void> KeyBlock::remove(const KeyRing& ring, const WrapId& id) {
  TRY(check_ring(ring));
  const auto found =
      std::ranges::find(fields_.wraps, id, [](const KeyWrap& wrap) { return wrap.summary.id; });
  if (found == fields_.wraps.end()) {
    return fail(ErrorCode::not_found, fmt::format("key block: no wrap {}", to_string(id)));
  }
  if (fields_.wraps.size() == 1) {
    return fail(ErrorCode::invalid,
                "the last secret that opens a vault cannot be removed; add another first");
  }
  fields_.wraps.erase(found);
  fields_.mac = mac_of(fields_, ring.master_);
  return {};
}

Result<std::uint32_t> KeyBlock::add_data_generation(KeyRing& ring, env::Random& random) {
  TRY(check_ring(ring));
  const std::uint32_t newest = ring.data_generation();
  if (fields_.keys.size() >= wrapped_keys_max ||
      newest == std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorCode::full,
                fmt::format("a vault has at most {} keys at a time", wrapped_keys_max));
  }
  codec::SecretKey& key = ring.data_[newest + 1];
  random.fill(key.writable());
  add_key(fields_, {.purpose = KeyPurpose::data, .number = newest + 1}, key, ring.master_, random);
  fields_.mac = mac_of(fields_, ring.master_);
  return newest + 1;
}

Result<KeyBlock> KeyBlock::with_words_only(const KeyRing& ring) const {
  TRY(check_ring(ring));
  KeyBlock block = *this;
  std::erase_if(block.fields_.wraps,
                [](const KeyWrap& wrap) { return wrap.summary.kind != WrapKind::recovery_words; });
  if (block.fields_.wraps.empty()) {
    return fail(ErrorCode::not_found, "no recovery words open the vault; make some first");
  }
  block.fields_.mac = mac_of(block.fields_, ring.master_);
  return block;
}

Result<void> KeyBlock::check_ring(const KeyRing& ring) const {
  if (!codec::equal_in_constant_time(mac_of(fields_, ring.master_), fields_.mac)) {
    return fail(
        ErrorCode::conflict,
        fmt::format("key block of vault {}: these keys are not its own", to_string(fields_.vault)));
  }
  return {};
}

}  // namespace holdfast::vault
