// Users and their access keys.
#include "node/api.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::node {

Error no_user(std::string_view name) {
  return {ErrorCode::not_found,
          fmt::format("There is no user {}. `holdfast user list` names them all.", name)};
}

Task<Result<void>> list_users(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const auto users, co_await services->users.list());
  CO_TRY_LET(const auto keys, co_await services->users.list_keys(std::nullopt));
  UserList list;
  for (const catalog::User& user : users) {
    const auto count = std::ranges::count(keys, user.id, &catalog::AccessKey::user);
    list.users.push_back({.name = user.name,
                          .is_admin = user.is_admin,
                          .created = user.created,
                          .keys = static_cast<std::uint64_t>(count)});
  }
  co_return co_await call.answer(list);
}

Task<Result<void>> create_user(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const UserWish wish, co_await call.read<UserWish>());
  auto made = co_await services->users.create(wish.name, wish.is_admin);
  if (!made && made.error().code() == ErrorCode::already_exists) {
    co_return fail(ErrorCode::already_exists,
                   fmt::format("There is a user {} already. Choose another name, or make the user "
                               "another key: holdfast key create {}",
                               wish.name, wish.name));
  }
  if (!made && made.error().code() == ErrorCode::invalid) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("{} is no name for a user. Take 1 to 64 of a-z, 0-9, '.', '_' and "
                               "'-', beginning with a letter or digit.",
                               wish.name));
  }
  CO_TRY_LET(const catalog::User user, std::move(made));
  co_return co_await call.answer(
      UserReport{.name = user.name, .is_admin = user.is_admin, .created = user.created, .keys = 0},
      201);
}

Task<Result<void>> remove_user(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  auto removed = co_await services->users.remove(call.name());
  if (!removed && removed.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_user(call.name()));
  }
  if (!removed && removed.error().code() == ErrorCode::conflict) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("The user {} cannot go: {}. `holdfast user list` and `holdfast "
                               "bucket list` show what there is.",
                               call.name(), removed.error().context()));
  }
  CO_TRY(std::move(removed));
  co_return co_await call.answer();
}

Task<Result<void>> list_keys(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  std::optional<std::string> only;
  if (std::string name = call.query("user"); !name.empty()) only = std::move(name);
  auto keys = co_await services->users.list_keys(only);
  if (!keys && only && keys.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_user(*only));
  }
  CO_TRY_LET(const auto found, std::move(keys));
  CO_TRY_LET(const auto users, co_await services->users.list());
  KeyList list;
  for (const catalog::AccessKey& key : found) {
    const auto user = std::ranges::find(users, key.user, &catalog::User::id);
    list.keys.push_back({.id = key.id,
                         .user = user == users.end() ? std::string() : user->name,
                         .created = key.created});
  }
  co_return co_await call.answer(list);
}

Task<Result<void>> create_key(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const KeyWish wish, co_await call.read<KeyWish>());
  std::optional<catalog::Credentials> given;
  if (!wish.access_key.empty() || !wish.secret_key.empty()) {
    given = {.access_key = wish.access_key, .secret_key = wish.secret_key};
  }
  auto made = co_await services->users.create_key(wish.user, std::move(given));
  if (!made && made.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_user(wish.user));
  }
  CO_TRY_LET(catalog::Credentials credentials, std::move(made));
  co_return co_await call.answer(NewKey{.user = wish.user,
                                        .access_key = std::move(credentials.access_key),
                                        .secret_key = std::move(credentials.secret_key)},
                                 201);
}

Task<Result<void>> revoke_key(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  auto revoked = co_await services->users.revoke_key(call.name());
  if (!revoked && revoked.error().code() == ErrorCode::not_found) {
    co_return fail(
        ErrorCode::not_found,
        fmt::format("There is no access key {}. `holdfast key list` names them all.", call.name()));
  }
  CO_TRY(std::move(revoked));
  co_return co_await call.answer();
}

}  // namespace holdfast::node
