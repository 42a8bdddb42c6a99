#include "cli/commands.h"
#include "cli/session/format.h"
#include "cli/session/place.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  std::vector<std::string> places;
  bool json = false;
};

Task<Result<void>> add_place(Session& session, NodeClient& node, const std::string& text,
                             Table& table) {
  CO_TRY_LET(const Place place, parse_remote(text));
  const std::string target =
      with_query(with_query(target_of("usage"), "bucket", place.bucket), "prefix", place.key);
  CO_TRY_LET(const auto usage, co_await node.get<node::UsageReport>(target));
  table.add({to_string(place), usage.objects, usage.logical_bytes});
  session.report_success();
  co_return Result<void>();
}

Task<Result<void>> show_places(Session& session, NodeClient& node, const Wish& wish) {
  Table table({{"place", "PLACE"},
               {"objects", "OBJECTS", Shows::count},
               {"logical_bytes", "LOGICAL", Shows::bytes}});
  for (const std::string& text : wish.places) {
    CO_TRY(session.carry_on(co_await add_place(session, node, text, table)));
  }
  if (table.is_empty() && !wish.json) co_return Result<void>();
  co_return session.show(table, wish.json, "");
}

// "12.3 GiB  (41 % of logical)".
std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return format_bytes(part);
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{:>9}  ({:.0f} % of logical)", format_bytes(part), percent);
}

Task<Result<void>> show(Session& session, const Wish& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  if (!wish.places.empty()) co_return co_await show_places(session, *node, wish);
  CO_TRY_LET(const auto usage, co_await node->get<node::UsageReport>(target_of("usage")));
  if (wish.json) co_return session.terminal().print(node::encode(usage) + "\n");
  CO_TRY(co_await show_buckets(session, false));
  co_return session.terminal().print(fmt::format(
      "\nlogical  {:>9}  in {}\nunique   {}\nstored   {}\n", format_bytes(usage.logical_bytes),
      count_of(usage.objects, "object", "objects"), share(usage.unique_bytes, usage.logical_bytes),
      share(usage.stored_bytes, usage.logical_bytes)));
}

}  // namespace

tree::Command du_command() {
  auto wish = std::make_shared<Wish>();
  return {.name = "du",
          .summary = "Tell how much is stored, and what it takes up",
          .details =
              "Logical is what was put in. Unique counts what occurs several times once. "
              "Stored is that, compressed and encrypted, with all that goes with it, on the "
              "disks; what was removed counts until it is collected.",
          .arguments = {{.name = "PLACE",
                         .help = "A bucket, or a folder in one; the whole vault without it",
                         .target = &wish->places,
                         .is_required = false,
                         .completes = tree::Completes::bucket}},
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .examples = {{"holdfast du", "Shows all buckets and the whole vault"},
                       {"holdfast du hf://photos/2026/", "Shows one folder"}},
          .run = [wish](Session& session) { return show(session, *wish); },
          .synonyms = {"df", "usage", "stats"}};
}

}  // namespace holdfast::cli
