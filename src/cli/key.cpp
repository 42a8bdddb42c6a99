#include "cli/commands.h"

#include <fmt/format.h>

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
};

Task<Result<void>> revoke(Session& session, const Revoke& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
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
          .run = [wish](Session& session) { return revoke(session, *wish); }};
}

}  // namespace

tree::Command key_command() {
  return {.name = "key",
          .summary = "Make, list and revoke access keys for S3",
          .children = {create_command(), list_command(), revoke_command()}};
}

}  // namespace holdfast::cli
