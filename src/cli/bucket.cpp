#include "cli/commands.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Create {
  std::vector<std::string> names;
  std::string owner;
  std::string etag;
};

Task<Result<void>> create_one(Session& session, NodeClient& node, const Create& wish,
                              const std::string& name) {
  node::BucketWish body{.owner = wish.owner, .settings = {}};
  if (!wish.etag.empty()) body.settings.emplace_back("etag", wish.etag);
  CO_TRY(co_await node.ask<node::BucketReport>("PUT", target_of("buckets", name), body));
  session.report_success();
  co_return session.terminal().print(fmt::format("Made the bucket {}.\n", name));
}

Task<Result<void>> create(Session& session, const Create& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  for (const std::string& name : wish.names) {
    CO_TRY(session.carry_on(co_await create_one(session, *node, wish, name)));
  }
  co_return Result<void>();
}

struct List {
  std::string owner;
  bool json = false;
};

Task<Result<void>> list(Session& session, const List& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  std::string target = target_of("buckets");
  if (!wish.owner.empty()) target = with_query(target, "owner", wish.owner);
  CO_TRY_LET(const auto found, co_await node->get<node::BucketList>(target));
  Table table({{"name", "NAME"},
               {"owner", "OWNER"},
               {"objects", "OBJECTS", Shows::count},
               {"bytes", "SIZE", Shows::bytes},
               {"created", "CREATED", Shows::time}});
  for (const node::BucketReport& bucket : found.buckets) {
    table.add({bucket.name, bucket.owner, bucket.objects, bucket.bytes, bucket.created});
  }
  co_return session.show(table, wish.json,
                         "There is no bucket yet. Make one: holdfast bucket create NAME");
}

struct Remove {
  std::vector<std::string> names;
};

Task<Result<void>> remove_one(Session& session, NodeClient& node, const std::string& name) {
  CO_TRY(co_await node.tell("DELETE", target_of("buckets", name)));
  session.report_success();
  co_return session.terminal().print(fmt::format("Removed the bucket {}.\n", name));
}

Task<Result<void>> remove(Session& session, const Remove& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  for (const std::string& name : wish.names) {
    CO_TRY(session.carry_on(co_await remove_one(session, *node, name)));
  }
  co_return Result<void>();
}

tree::Command create_command() {
  auto wish = std::make_shared<Create>();
  return {.name = "create",
          .summary = "Make buckets",
          .details =
              "A name has 3 to 63 characters of a-z, 0-9, '-' and '.', and is unique in the "
              "whole vault.",
          .arguments = {{.name = "NAME", .help = "Its name", .target = &wish->names}},
          .options = {{.name = "owner",
                       .value = "USER",
                       .help = "Whose it is; the first administrator's otherwise",
                       .target = &wish->owner},
                      {.name = "etag",
                       .value = "KIND",
                       .help = "How S3 tags what is put into it; MD5 costs the most time, and some "
                               "clients want it",
                       .target = &wish->etag,
                       .choices = {"md5", "blake3"}}},
          .examples = {{"holdfast bucket create photos", "Makes a bucket"}},
          .run = [wish](Session& session) { return create(session, *wish); },
          .synonyms = {"mb", "mkdir", "make"}};
}

tree::Command list_command() {
  auto wish = std::make_shared<List>();
  return {.name = "list",
          .summary = "List buckets, and how much is in them",
          .options = {{.name = "owner",
                       .value = "USER",
                       .help = "Only those of a user",
                       .target = &wish->owner},
                      {.name = "json", .help = "Print JSON", .target = &wish->json}},
          .run = [wish](Session& session) { return list(session, *wish); },
          .synonyms = {"buckets"}};
}

tree::Command remove_command() {
  auto wish = std::make_shared<Remove>();
  return {.name = "remove",
          .summary = "Remove empty buckets",
          .arguments = {{.name = "NAME",
                         .help = "The bucket",
                         .target = &wish->names,
                         .completes = tree::Completes::bucket}},
          .run = [wish](Session& session) { return remove(session, *wish); },
          .synonyms = {"rb", "rmdir"}};
}

}  // namespace

Task<Result<void>> show_buckets(Session& session, bool as_json) {
  const List wish{.owner = {}, .json = as_json};
  co_return co_await list(session, wish);
}

tree::Command bucket_command() {
  return {.name = "bucket",
          .summary = "Make, list and remove buckets",
          .children = {create_command(), list_command(), remove_command()}};
}

}  // namespace holdfast::cli
