#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace holdfast::cli {
namespace {

struct Create {
  std::string user;
  bool json = false;
};

Task<Result<void>> create(Session& session, const Create& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const auto key, co_await node->ask<node::NewKey>("POST", target_of("keys"),
                                                              node::KeyWish{.user = wish.user}));
  if (wish.json) co_return session.terminal().print(node::encode(key) + "\n");
  co_return session.terminal().print(
      fmt::format("A key for {}. The secret is shown this once:\n\n"
                  "  access key  {}\n  secret key  {}\n",
                  key.user, key.access_key, key.secret_key));
}

struct List {
  std::string user;
  bool json = false;
};

Task<Result<void>> list(Session& session, const List& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  std::string target = target_of("keys");
  if (!wish.user.empty()) target = with_query(target, "user", wish.user);
  CO_TRY_LET(const auto found, co_await node->get<node::KeyList>(target));
  Table table({{"id", "ACCESS KEY"}, {"user", "USER"}, {"created", "CREATED", Shows::time}});
  for (const node::KeyReport& key : found.keys) table.add({key.id, key.user, key.created});
  co_return session.show(table, wish.json,
                         "There is no access key. Make one: holdfast key create USER");
}

struct Revoke {
  std::string id;
  bool is_sure = false;
};

// Whether no administrator could use S3 any more without that key.
Task<Result<bool>> is_last_of_admins(NodeClient& node, const std::string& id) {
  CO_TRY_LET(const auto users, co_await node.get<node::UserList>(target_of("users")));
  std::uint64_t count = 0;
  for (const node::UserReport& user : users.users) count += user.is_admin ? user.keys : 0;
  if (count != 1) co_return false;
  CO_TRY_LET(const auto keys, co_await node.get<node::KeyList>(target_of("keys")));
  const auto key = std::ranges::find(keys.keys, id, &node::KeyReport::id);
  if (key == keys.keys.end()) co_return false;
  const auto owner = std::ranges::find(users.users, key->user, &node::UserReport::name);
  co_return owner != users.users.end() && owner->is_admin;
}

Task<Result<void>> judge_last(Session& session, const std::string& id) {
  const std::string warning = fmt::format(
      "{} is the last access key of an administrator. Without it, S3 has none until `holdfast key "
      "create` makes one on this machine.",
      id);
  if (!session.terminal().can_ask()) {
    co_return fail(ErrorCode::denied,
                   fmt::format("Nothing was revoked: {}\nIf that is wanted: holdfast key revoke -y "
                               "{}",
                               warning, id));
  }
  CO_TRY_LET(const bool is_sure, session.terminal().confirm(warning + "\nRevoke it?"));
  if (!is_sure) co_return fail(ErrorCode::denied, "Nothing was revoked.");
  co_return Result<void>();
}

Task<Result<void>> revoke(Session& session, const Revoke& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  if (!wish.is_sure) {
    CO_TRY_LET(const bool is_last, co_await is_last_of_admins(*node, wish.id));
    if (is_last) {
      CO_TRY(co_await judge_last(session, wish.id));
    }
  }
  CO_TRY(co_await node->tell("DELETE", target_of("keys", wish.id)));
  co_return session.terminal().print(
      fmt::format("The access key {} opens nothing any more.\n", wish.id));
}

tree::Command create_command() {
  auto wish = std::make_shared<Create>();
  return {.name = "create",
          .summary = "Make another access key for a user",
          .arguments = {{.name = "USER", .help = "Whose key it is", .target = &wish->user}},
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .run = [wish](Session& session) { return create(session, *wish); }};
}

tree::Command list_command() {
  auto wish = std::make_shared<List>();
  return {.name = "list",
          .summary = "List access keys, without their secrets",
          .arguments = {{.name = "USER",
                         .help = "Only those of a user",
                         .target = &wish->user,
                         .is_required = false}},
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .run = [wish](Session& session) { return list(session, *wish); },
          .synonyms = {"keys"}};
}

tree::Command revoke_command() {
  auto wish = std::make_shared<Revoke>();
  return {.name = "revoke",
          .summary = "Take an access key out of use, for good",
          .arguments = {{.name = "KEY", .help = "The access key", .target = &wish->id}},
          .options = {{.name = "yes",
                       .letter = 'y',
                       .help = "Revoke the last key of an administrator too, without asking",
                       .target = &wish->is_sure}},
          .run = [wish](Session& session) { return revoke(session, *wish); }};
}

}  // namespace

tree::Command key_command() {
  return {.name = "key",
          .summary = "Make, list and revoke access keys for S3",
          .children = {create_command(), list_command(), revoke_command()}};
}

}  // namespace holdfast::cli
