#include "cli/commands.h"
#include "cli/session/place.h"
#include "cli/session/remote_list.h"
#include "cli/session/streams.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  std::vector<std::string> places;
};

Task<Result<void>> show_place(Session& session, NodeClient& node, const std::string& text) {
  CO_TRY_LET(const Place place, parse_remote(text));
  // An object may be called as a folder is.
  bool is_folder = place.key.empty();
  if (!is_folder && place.is_folder_like()) {
    const auto object = co_await find_object(node, place.bucket, place.key);
    is_folder = !object && object.error().code() == ErrorCode::not_found;
  }
  if (is_folder) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("{} is {}. `holdfast ls` lists what is in it.", to_string(place),
                               place.key.empty() ? "a whole bucket" : "a folder"));
  }
  CO_TRY(co_await download_stream(session, node, place.bucket, place.key,
                                  std::string(standard_stream)));
  session.report_success();
  co_return Result<void>();
}

Task<Result<void>> show(Session& session, const Wish& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  for (const std::string& text : wish.places) {
    CO_TRY(session.carry_on(co_await show_place(session, *node, text)));
  }
  co_return Result<void>();
}

}  // namespace

tree::Command cat_command() {
  auto wish = std::make_shared<Wish>();
  return {.name = "cat",
          .summary = "Print objects",
          .arguments = {{.name = "PLACE",
                         .help = "An object, hf://BUCKET/KEY (hf:// may be left out)",
                         .target = &wish->places,
                         .completes = tree::Completes::bucket}},
          .examples = {{"holdfast cat hf://notes/todo.txt", "Prints an object"}},
          .run = [wish](Session& session) { return show(session, *wish); },
          .synonyms = {"show", "print"}};
}

}  // namespace holdfast::cli
