#include "cli/commands.h"
#include "cli/session/format.h"
#include "cli/session/place.h"
#include "cli/session/remote_list.h"
#include "cli/session/transfer.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  std::vector<std::string> places;
  bool is_recursive = false;
  bool is_sure = false;
  TransferOptions transfer;
};

std::unexpected<Error> needs_recursive(const Place& place) {
  return fail(ErrorCode::invalid,
              fmt::format("{0} is a folder. To remove all that is in it: holdfast rm -r {0}",
                          to_string(place)));
}

Task<Result<void>> remove_below(NodeClient& node, const Place& place, Transfer& transfer) {
  RemoteList list(node, {.bucket = place.bucket, .prefix = place.key});
  for (;;) {
    CO_TRY_LET(const auto page, co_await list.next());
    if (!page) co_return Result<void>();
    for (const node::ObjectReport& object : page->objects) {
      Job job;
      job.kind = Job::Kind::remove_object;
      job.bucket = place.bucket;
      job.key = object.key;
      co_await transfer.add(std::move(job));
    }
  }
}

// Whether all below it is meant. Without -r a name that ends as a folder's does may be an object's.
Task<Result<bool>> is_folder(NodeClient& node, const Wish& wish, const Place& place) {
  if (!place.is_folder_like()) co_return false;
  if (wish.is_recursive || place.key.empty()) co_return true;
  auto object = co_await find_object(node, place.bucket, place.key);
  if (object) co_return false;
  if (object.error().code() == ErrorCode::not_found) co_return true;
  co_return std::unexpected(std::move(object).error());
}

Task<Result<void>> judge(Session& session, NodeClient& node, const Wish& wish, const Place& place) {
  CO_TRY_LET(const bool is_whole, co_await is_folder(node, wish, place));
  if (!is_whole) co_return Result<void>();
  if (!wish.is_recursive) {
    co_return needs_recursive(place);
  }
  const bool is_asked = !wish.is_sure && !wish.transfer.is_dry && place.key.empty();
  if (!is_asked) co_return Result<void>();
  if (!session.terminal().can_ask()) {
    co_return fail(ErrorCode::denied,
                   fmt::format("Nothing was removed: this would remove everything in the bucket "
                               "{0}, and there is no terminal to ask on. If that is wanted: "
                               "holdfast rm -r -y {1}",
                               place.bucket, to_string(place)));
  }
  CO_TRY_LET(const bool is_sure, session.terminal().confirm(fmt::format(
                                     "Remove everything in the bucket {}?", place.bucket)));
  if (!is_sure) co_return fail(ErrorCode::denied, "Nothing was removed.");
  co_return Result<void>();
}

Task<Result<void>> remove_one(Session& session, NodeClient& node, const Wish& wish,
                              const Place& place) {
  if (wish.transfer.is_dry) {
    CO_TRY(co_await find_object(node, place.bucket, place.key));
    co_return session.terminal().print(
        fmt::format("would remove {}\n", session.terminal().shown(to_string(place))));
  }
  CO_TRY(co_await node.tell("DELETE", target_of("objects", place.bucket, place.key)));
  session.report_success();
  if (!wish.transfer.is_told) co_return Result<void>();
  co_return session.terminal().print(
      fmt::format("remove {}\n", session.terminal().shown(to_string(place))));
}

// All below a folder. `was_there`: an object of the folder's name has been removed.
Task<Result<void>> remove_folder(Session& session, NodeClient& node, const Wish& wish,
                                 const Place& place, bool was_there) {
  Transfer transfer(session, node, wish.transfer);
  const auto listed = co_await remove_below(node, place, transfer);
  co_await transfer.finish();
  if (!listed) co_return std::unexpected(listed.error());
  const std::uint64_t count = transfer.done_count() + (was_there ? 1 : 0);
  if (count == 0 && transfer.failed_count() == 0 && !place.key.empty()) {
    co_return fail(ErrorCode::not_found, fmt::format("There is nothing at {}.", to_string(place)));
  }
  if (wish.transfer.is_dry) co_return Result<void>();
  co_return session.terminal().print(
      fmt::format("Removed {}.\n", count_of(count, "object", "objects")));
}

Task<Result<void>> remove_place(Session& session, NodeClient& node, const Wish& wish, Place place) {
  bool was_there = false;
  if (!wish.is_recursive || !place.is_folder_like()) {
    auto removed = co_await remove_one(session, node, wish, place);
    was_there = removed.has_value();
    const bool may_be_folder = removed || removed.error().code() == ErrorCode::not_found;
    if (!wish.is_recursive && !removed && may_be_folder) {
      CO_TRY_LET(const bool is_there, co_await has_any(node, place.bucket, as_folder(place.key)));
      if (is_there) co_return needs_recursive(place);
    }
    if (!wish.is_recursive || !may_be_folder) co_return removed;
    place.key += '/';
  }
  co_return co_await remove_folder(session, node, wish, place, was_there);
}

Task<Result<void>> remove(Session& session, const Wish& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  std::vector<Place> places;
  for (const std::string& text : wish.places) {
    CO_TRY_LET(Place place, parse_remote(text));
    places.push_back(std::move(place));
  }
  // All before the first removal: what is refused then has removed nothing.
  for (const Place& place : places) {
    CO_TRY(co_await judge(session, *node, wish, place));
  }
  for (const Place& place : places) {
    CO_TRY(session.carry_on(co_await remove_place(session, *node, wish, place)));
  }
  co_return Result<void>();
}

}  // namespace

tree::Command rm_command() {
  auto wish = std::make_shared<Wish>();
  return {.name = "rm",
          .summary = "Remove objects",
          .arguments = {{.name = "PLACE",
                         .help = "An object or folder, hf://BUCKET/KEY (hf:// may be left out)",
                         .target = &wish->places,
                         .completes = tree::Completes::bucket}},
          .options = {{.name = "recursive",
                       .letter = 'r',
                       .help = "Remove all that is below a folder",
                       .target = &wish->is_recursive},
                      {.name = "dry-run",
                       .letter = 'n',
                       .help = "Only tell what would be removed",
                       .target = &wish->transfer.is_dry},
                      {.name = "verbose",
                       .letter = 'v',
                       .help = "Tell what is removed",
                       .target = &wish->transfer.is_told},
                      {.name = "yes",
                       .letter = 'y',
                       .help = "Remove all of a bucket without asking",
                       .target = &wish->is_sure}},
          .examples = {{"holdfast rm hf://notes/old.txt", "Removes an object"},
                       {"holdfast rm -r hf://photos/2019/", "Removes a folder"}},
          .run = [wish](Session& session) { return remove(session, *wish); },
          .synonyms = {"delete", "del", "remove", "unlink"}};
}

}  // namespace holdfast::cli
