#include "cli/tree/help.h"

#include "base/suggest.h"
#include "cli/commands.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  std::vector<std::string> names;
};

Task<Result<void>> show(Session& session, const Wish& wish) {
  const tree::Path path = tree::find(session.root(), wish.names);
  if (path.size() <= wish.names.size()) {
    const std::string& word = wish.names[path.size() - 1];
    std::string text = fmt::format("`{}` has no command `{}`.", tree::words(path), word);
    if (const auto meant = nearest(word, tree::visible_names(*path.back()))) {
      text += fmt::format(" Did you mean `{}`?", *meant);
    }
    co_return fail(ErrorCode::invalid, std::move(text));
  }
  co_return session.terminal().print(tree::help(path));
}

}  // namespace

tree::Command help_command() {
  auto wish = std::make_shared<Wish>();
  return {.name = "help",
          .summary = "Explain a command",
          .arguments = {{.name = "COMMAND",
                         .help = "Its words; none for all of it",
                         .target = &wish->names,
                         .is_required = false}},
          .examples = {{"holdfast help bucket create", "Explains how to make a bucket"}},
          .run = [wish](Session& session) { return show(session, *wish); }};
}

}  // namespace holdfast::cli
