#include "catalog/users.h"

#include "base/sync.h"
#include "catalog/format.h"
#include "catalog/rows.h"
#include "catalog/user_rows.h"
#include "codec/aead.h"
#include "codec/base64.h"
#include "codec/secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace holdfast::catalog {
namespace {

// All of them are in memory: some 200 bytes each.
constexpr std::size_t user_count_max = 10'000;
constexpr std::size_t key_count_max = 50'000;
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t key_id_bytes_min = 3;
constexpr std::size_t key_id_bytes_max = 128;
constexpr std::size_t secret_bytes_min = 8;
constexpr std::size_t secret_bytes_max = 128;
constexpr std::size_t key_id_letters = 18;
constexpr std::size_t secret_random_bytes = 30;  // 40 letters of base64.

Result<void> check_name(std::string_view name) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  const auto is_allowed = [&](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
  };
  if (name.empty() || name.size() > name_bytes_max || !is_alphanumeric(name.front()) ||
      !std::ranges::all_of(name, is_allowed)) {
    return fail(ErrorCode::invalid,
                "a user's name has 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter "
                "or digit");
  }
  return {};
}

Result<void> check_given(const Credentials& given) {
  // '/' and ',' have meanings in the headers that carry the id.
  const auto is_id = [](char c) { return c > ' ' && c <= '~' && c != '/' && c != ',' && c != '='; };
  const auto is_secret = [](char c) { return c >= ' ' && c <= '~'; };
  const std::size_t id_size = given.access_key.size();
  if (id_size < key_id_bytes_min || id_size > key_id_bytes_max ||
      !std::ranges::all_of(given.access_key, is_id)) {
    return fail(ErrorCode::invalid,
                "an access key has 3 to 128 printable characters, without '/', ',' and '='");
  }
  const std::size_t secret_size = given.secret_key.size();
  if (secret_size < secret_bytes_min || secret_size > secret_bytes_max ||
      !std::ranges::all_of(given.secret_key, is_secret)) {
    return fail(ErrorCode::invalid, "a secret key has 8 to 128 printable characters");
  }
  return {};
}

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

class TableUsers final : public Users {
 public:
  TableUsers(vault::Vault& vault, codec::SecretKey secrets_key, env::Clock& clock,
             env::Random& random)
      : vault_(vault), secrets_key_(std::move(secrets_key)), clock_(clock), random_(random) {}

  Task<Result<void>> load();

  Task<Result<User>> create(std::string name, bool is_admin) override;
  Task<Result<User>> find(std::string name) override;
  Task<Result<User>> find(UserId id) override;
  Task<Result<std::vector<User>>> list() override;
  Task<Result<void>> remove(std::string name) override;
  Task<Result<Credentials>> create_key(std::string user, std::optional<Credentials> given) override;
  Task<Result<std::vector<AccessKey>>> list_keys(std::optional<std::string> user) override;
  Task<Result<void>> revoke_key(std::string access_key) override;
  std::optional<Signer> find_signer(std::string_view access_key) const override;

 private:
  static void wipe(std::string& secret) {
    codec::wipe(std::as_writable_bytes(std::span(secret.data(), secret.size())));
  }
  struct Key {
    UserId user = 0;
    WallTime created;
    std::string secret;

    ~Key() { wipe(secret); }
  };

  Result<User> named(const std::string& name) const;
  Result<void> load_row(std::string_view key, std::string_view value);
  Task<Result<bool>> owns_buckets(UserId user);
  Credentials draw_credentials();
  Bytes seal(std::string_view id, std::string_view secret);
  Result<std::string> open(std::string_view id, ByteView sealed) const;

  vault::Vault& vault_;
  codec::SecretKey secrets_key_;
  env::Clock& clock_;
  env::Random& random_;
  Mutex changing_;
  UserId next_user_ = 1;
  std::map<UserId, User> users_;
  std::map<std::string, UserId> names_;
  std::unordered_map<std::string, Key, TextHash, std::equal_to<>> keys_;
};

Task<Result<void>> TableUsers::load() {
  CO_TRY(co_await check_format(vault_));
  const std::string numbers(user_numbers_key);
  CO_TRY_LET(const auto next, co_await vault_.table().get(settings_family, numbers));
  if (next) {
    CO_TRY_LET(next_user_, decode_number(*next));
  }
  for (const std::string_view prefix : {user_prefix, access_key_prefix}) {
    Result<void> outcome;
    const auto visit = [&](std::string_view key, std::string_view value) {
      outcome = load_row(key, value);
      return outcome ? env::Visit::next() : env::Visit::stop();
    };
    CO_TRY(co_await vault_.table().scan({.family = settings_family,
                                         .from = std::string(prefix),
                                         .until = after_all_of(std::string(prefix)),
                                         .backwards = false,
                                         .snapshot = nullptr},
                                        visit));
    CO_TRY(outcome);
  }
  co_return Result<void>();
}

Result<void> TableUsers::load_row(std::string_view key, std::string_view value) {
  if (key.starts_with(user_prefix)) {
    TRY_LET(User user, decode_user(key, value));
    names_.emplace(user.name, user.id);
    users_.emplace(user.id, std::move(user));
    return {};
  }
  const std::string_view id = key.substr(access_key_prefix.size());
  TRY_LET(const AccessKeyRow row, decode_access_key(value));
  TRY_LET(std::string secret, open(id, row.sealed_secret));
  if (!users_.contains(row.user)) return fail(ErrorCode::corrupt, "an access key of no user");
  keys_.emplace(id, Key{.user = row.user, .created = row.created, .secret = std::move(secret)});
  return {};
}

Task<Result<User>> TableUsers::create(std::string name, bool is_admin) {
  CO_TRY(check_name(name));
  const auto hold = co_await changing_.lock();
  if (names_.contains(name)) {
    co_return fail(ErrorCode::already_exists, fmt::format("user {} exists", name));
  }
  if (users_.size() >= user_count_max) {
    co_return fail(ErrorCode::full, fmt::format("{} users are the most", user_count_max));
  }
  const User user{.id = next_user_,
                  .name = std::move(name),
                  .is_admin = is_admin,
                  .created = clock_.wall_now()};
  vault::Record record;
  record.put(settings_family, std::string(user_numbers_key), encode_number(user.id + 1));
  record.put(settings_family, user_row_key(user.id), encode_user(user));
  CO_TRY(co_await vault_.commit(std::move(record)));
  next_user_ = user.id + 1;
  names_.emplace(user.name, user.id);
  users_.emplace(user.id, user);
  co_return user;
}

Result<User> TableUsers::named(const std::string& name) const {
  const auto found = names_.find(name);
  if (found == names_.end()) return fail(ErrorCode::not_found, fmt::format("no user {}", name));
  return users_.at(found->second);
}

Task<Result<User>> TableUsers::find(std::string name) {
  co_return named(name);
}

Task<Result<User>> TableUsers::find(UserId id) {
  const auto found = users_.find(id);
  if (found == users_.end()) co_return fail(ErrorCode::not_found, fmt::format("no user {}", id));
  co_return found->second;
}

Task<Result<std::vector<User>>> TableUsers::list() {
  std::vector<User> users;
  for (const auto& [name, id] : names_) users.push_back(users_.at(id));
  co_return users;
}

Task<Result<void>> TableUsers::remove(std::string name) {
  const auto hold = co_await changing_.lock();
  CO_TRY_LET(const User user, named(name));
  const auto is_admin = [](const auto& entry) { return entry.second.is_admin; };
  if (user.is_admin && std::ranges::count_if(users_, is_admin) == 1) {
    co_return fail(ErrorCode::conflict, "the last administrator stays until there is another one");
  }
  CO_TRY_LET(const bool owns, co_await owns_buckets(user.id));
  if (owns) {
    co_return fail(ErrorCode::conflict, "buckets are owned, which must be removed first");
  }
  vault::Record record;
  record.remove(settings_family, user_row_key(user.id));
  for (const auto& [id, key] : keys_) {
    if (key.user == user.id) record.remove(settings_family, access_key_row_key(id));
  }
  CO_TRY(co_await vault_.commit(std::move(record)));
  std::erase_if(keys_, [&](const auto& entry) { return entry.second.user == user.id; });
  names_.erase(user.name);
  users_.erase(user.id);
  co_return Result<void>();
}

Task<Result<bool>> TableUsers::owns_buckets(UserId user) {
  bool owns = false;
  Result<void> outcome;
  const auto visit = [&](std::string_view key, std::string_view value) {
    const auto bucket = decode_bucket(key, value);
    if (!bucket) outcome = std::unexpected(bucket.error());
    owns = bucket && bucket->owner == user;
    return owns || !bucket ? env::Visit::stop() : env::Visit::next();
  };
  CO_TRY(co_await vault_.table().scan({.family = settings_family,
                                       .from = bucket_key({}),
                                       .until = after_all_of(bucket_key({})),
                                       .backwards = false,
                                       .snapshot = nullptr},
                                      visit));
  CO_TRY(outcome);
  co_return owns;
}

Task<Result<Credentials>> TableUsers::create_key(std::string user,
                                                 std::optional<Credentials> given) {
  if (given) {
    CO_TRY(check_given(*given));
  }
  const auto hold = co_await changing_.lock();
  CO_TRY_LET(const User owner, named(user));
  if (keys_.size() >= key_count_max) {
    co_return fail(ErrorCode::full, fmt::format("{} access keys are the most", key_count_max));
  }
  const Credentials credentials = given ? *std::move(given) : draw_credentials();
  const auto existing = keys_.find(credentials.access_key);
  if (existing != keys_.end() && existing->second.user != owner.id) {
    co_return fail(ErrorCode::already_exists, "another user has an access key of that name");
  }
  const AccessKeyRow row{.user = owner.id,
                         .created = clock_.wall_now(),
                         .sealed_secret = seal(credentials.access_key, credentials.secret_key)};
  vault::Record record;
  record.put(settings_family, access_key_row_key(credentials.access_key), encode_access_key(row));
  CO_TRY(co_await vault_.commit(std::move(record)));
  Key& key = keys_[credentials.access_key];
  wipe(key.secret);
  key = {.user = owner.id, .created = row.created, .secret = credentials.secret_key};
  co_return credentials;
}

Task<Result<std::vector<AccessKey>>> TableUsers::list_keys(std::optional<std::string> user) {
  std::optional<UserId> only;
  if (user) {
    CO_TRY_LET(const User owner, named(*user));
    only = owner.id;
  }
  std::vector<AccessKey> keys;
  for (const auto& [id, key] : keys_) {
    if (only && key.user != *only) continue;
    keys.push_back({.id = id, .user = key.user, .created = key.created});
  }
  std::ranges::sort(keys, std::less(), &AccessKey::id);
  co_return keys;
}

Task<Result<void>> TableUsers::revoke_key(std::string access_key) {
  const auto hold = co_await changing_.lock();
  if (!keys_.contains(access_key)) co_return fail(ErrorCode::not_found, "no such access key");
  vault::Record record;
  record.remove(settings_family, access_key_row_key(access_key));
  CO_TRY(co_await vault_.commit(std::move(record)));
  keys_.erase(access_key);
  co_return Result<void>();
}

std::optional<Signer> TableUsers::find_signer(std::string_view access_key) const {
  const auto found = keys_.find(access_key);
  if (found == keys_.end()) return std::nullopt;
  return Signer{.user = users_.at(found->second.user), .secret_key = found->second.secret};
}

Credentials TableUsers::draw_credentials() {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<std::byte, key_id_letters> id{};
  std::array<std::byte, secret_random_bytes> secret{};
  random_.fill(id);
  random_.fill(secret);
  Credentials credentials{.access_key = "HF", .secret_key = codec::to_base64(secret)};
  codec::wipe(secret);
  for (const std::byte byte : id) {
    credentials.access_key += letters[std::to_integer<std::size_t>(byte) % letters.size()];
  }
  return credentials;
}

// Nonces are random: 96 bits for at most some thousand keys.
Bytes TableUsers::seal(std::string_view id, std::string_view secret) {
  codec::AeadNonce nonce{};
  random_.fill(nonce);
  Bytes sealed(nonce.size() + secret.size() + codec::aead_tag_bytes);
  std::ranges::copy(nonce, sealed.begin());
  codec::Aead(secrets_key_)
      .seal(nonce, as_bytes(id), as_bytes(secret), MutableByteView(sealed).subspan(nonce.size()));
  return sealed;
}

Result<std::string> TableUsers::open(std::string_view id, ByteView sealed) const {
  codec::AeadNonce nonce{};
  if (sealed.size() < nonce.size() + codec::aead_tag_bytes) {
    return fail(ErrorCode::corrupt, fmt::format("the secret of access key {} is cut short", id));
  }
  std::ranges::copy(sealed.first(nonce.size()), nonce.begin());
  std::string secret(sealed.size() - nonce.size() - codec::aead_tag_bytes, '\0');
  auto opened = codec::Aead(secrets_key_)
                    .open(nonce, as_bytes(id), sealed.subspan(nonce.size()),
                          std::as_writable_bytes(std::span(secret.data(), secret.size())));
  if (!opened) {
    return std::unexpected(
        std::move(opened).error().within(fmt::format("the secret of access key {}", id)));
  }
  return secret;
}

}  // namespace

Task<Result<std::unique_ptr<Users>>> Users::open(vault::Vault& vault, const vault::KeyRing& keys,
                                                 env::Clock& clock, env::Random& random) {
  auto users = std::make_unique<TableUsers>(vault, keys.secrets_key(), clock, random);
  auto loaded = co_await users->load();
  if (!loaded) co_return std::unexpected(std::move(loaded).error().within("open the users"));
  co_return std::unique_ptr<Users>(std::move(users));
}

}  // namespace holdfast::catalog
