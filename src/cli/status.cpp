#include "cli/commands.h"
#include "cli/session/format.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  bool json = false;
};

std::string line(std::string_view name, std::string_view text) {
  return text.empty() ? std::string() : fmt::format("{:<9}{}\n", name, text);
}

Task<Result<void>> show(Session& session, const Wish& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const auto status, co_await node->get<node::StatusReport>(target_of("status")));
  if (wish.json) co_return session.terminal().print(node::encode(status) + "\n");
  const Duration age = session.clock().wall_now().since_epoch - status.since.since_epoch;
  std::string text = line("state", node::to_string(status.state));
  text += line("", status.reason);
  text += line("S3", status.s3.empty() ? status.s3
                                       : fmt::format("{}  (region {})", status.s3, status.region));
  text += line("site", status.site);
  text += line("data", status.data_folder);
  for (const node::DiskReport& disk : status.disks) {
    text +=
        line("disk", fmt::format("{}  ({} free of {}, {})", disk.folder, format_bytes(disk.free),
                                 format_bytes(disk.size), disk.access));
  }
  text += line("metrics", status.metrics);
  text += line("process", fmt::format("{}, version {}, up {}", status.process, status.version,
                                      format_duration(age)));
  co_return session.terminal().print(text);
}

}  // namespace

tree::Command status_command() {
  auto wish = std::make_shared<Wish>();
  return {.name = "status",
          .summary = "Tell how the node is, and where it serves S3",
          .details =
              "The state is one of starting, locked, ready, read_only (no room, or a disk "
              "failed: reads and deletes go on), draining and failed.",
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .examples = {{"holdfast status --json", "For scripts: \"state\" and \"s3\" are in it"}},
          .run = [wish](Session& session) { return show(session, *wish); },
          .synonyms = {"info", "ps", "health"}};
}

}  // namespace holdfast::cli
