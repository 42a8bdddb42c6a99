#include "node/version.h"
#include "cli/commands.h"

#include <fmt/format.h>

namespace holdfast::cli {
namespace {

Task<Result<void>> show(Session& session) {
  co_return session.terminal().print(fmt::format("holdfast {}\n", node::version()));
}

}  // namespace

tree::Command version_command() {
  return {.name = "version", .summary = "Print the version", .run = show};
}

}  // namespace holdfast::cli
