#include "node/version.h"
#include "cli/commands.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  bool json = false;
};

Task<Result<void>> show(Session& session, const Wish& wish) {
  if (wish.json) {
    static const std::vector<Column> columns{{"version", "", Shows::text}};
    co_return session.terminal().print(json_object(columns, {std::string(node::version())}) + "\n");
  }
  co_return session.terminal().print(fmt::format("holdfast {}\n", node::version()));
}

}  // namespace

tree::Command version_command() {
  auto wish = std::make_shared<Wish>();
  return {.name = "version",
          .summary = "Print the version",
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .run = [wish](Session& session) { return show(session, *wish); }};
}

}  // namespace holdfast::cli
