#include "cli/commands.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Create {
  std::string name;
  bool is_admin = false;
  bool no_key = false;
  bool json = false;
};

Task<Result<void>> create(Session& session, const Create& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  const node::UserWish body{.name = wish.name, .is_admin = wish.is_admin};
  CO_TRY_LET(const auto made,
             co_await node->ask<node::UserReport>("POST", target_of("users"), body));
  if (wish.no_key && wish.json) co_return session.terminal().print(node::encode(made) + "\n");
  if (wish.no_key) {
    co_return session.terminal().print(
        fmt::format("Made the user {0}. To give access: holdfast "
                    "key create {0}\n",
                    wish.name));
  }
  CO_TRY_LET(const auto key, co_await node->ask<node::NewKey>("POST", target_of("keys"),
                                                              node::KeyWish{.user = wish.name}));
  if (wish.json) co_return session.terminal().print(node::encode(key) + "\n");
  co_return session.terminal().print(
      fmt::format("Made the user {}. The secret is shown this once:\n\n"
                  "  access key  {}\n  secret key  {}\n",
                  wish.name, key.access_key, key.secret_key));
}

struct List {
  bool json = false;
};

Task<Result<void>> list(Session& session, const List& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const auto found, co_await node->get<node::UserList>(target_of("users")));
  Table table({{"name", "NAME"},
               {"is_admin", "ADMIN", Shows::toggle},
               {"keys", "KEYS", Shows::count},
               {"created", "CREATED", Shows::time}});
  for (const node::UserReport& user : found.users) {
    table.add({user.name, user.is_admin, user.keys, user.created});
  }
  co_return session.show(table, wish.json,
                         "There is no user yet. Make one: holdfast user create NAME");
}

struct Remove {
  std::string name;
};

Task<Result<void>> remove(Session& session, const Remove& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY(co_await node->tell("DELETE", target_of("users", wish.name)));
  co_return session.terminal().print(
      fmt::format("Removed the user {} and the user's keys.\n", wish.name));
}

tree::Command create_command() {
  auto wish = std::make_shared<Create>();
  return {.name = "create",
          .summary = "Make a user, and a first access key",
          .details =
              "A name has up to 64 characters of a-z, 0-9, '.', '_' and '-'. Users see and "
              "change their own buckets only; administrators all.",
          .arguments = {{.name = "NAME", .help = "The user's name", .target = &wish->name}},
          .options = {{.name = "admin",
                       .help = "Make the user an administrator",
                       .target = &wish->is_admin},
                      {.name = "no-key", .help = "Make no access key", .target = &wish->no_key},
                      {.name = "json", .help = "Print JSON", .target = &wish->json}},
          .examples = {{"holdfast user create ann", "Makes a user and shows the access key"}},
          .run = [wish](Session& session) { return create(session, *wish); },
          .synonyms = {"adduser"}};
}

tree::Command list_command() {
  auto wish = std::make_shared<List>();
  return {.name = "list",
          .summary = "List users",
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .run = [wish](Session& session) { return list(session, *wish); },
          .synonyms = {"users"}};
}

tree::Command remove_command() {
  auto wish = std::make_shared<Remove>();
  return {.name = "remove",
          .summary = "Remove a user who owns no bucket, and the user's keys",
          .arguments = {{.name = "NAME", .help = "The user's name", .target = &wish->name}},
          .run = [wish](Session& session) { return remove(session, *wish); },
          .synonyms = {"deluser"}};
}

}  // namespace

tree::Command user_command() {
  return {.name = "user",
          .summary = "Make, list and remove users",
          .children = {create_command(), list_command(), remove_command()}};
}

}  // namespace holdfast::cli
