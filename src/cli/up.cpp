#include "cli/commands.h"
#include "cli/settings_options.h"
#include "node/node.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  SettingsOptions settings;
};

std::string welcome(const node::Node& node) {
  std::string text =
      fmt::format("Holdfast {}.\n\n  S3 endpoint   {}   (region {})\n",
                  node.state() == node::State::locked ? "runs; its vault is locked" : "is ready",
                  node.endpoint(), node.settings_used().text("region"));
  if (const auto& made = node.new_credentials()) {
    text += fmt::format(
        "  access key    {}\n  secret key    {}\n\n"
        "The keys are kept in {}, readable by you only.\n",
        made->access_key, made->secret_key, node.credentials_file());
  } else {
    text += fmt::format("  keys          {}\n\n", node.credentials_file());
  }
  if (node.state() == node::State::locked) text += "Open the vault: holdfast vault unlock\n";
  return text + "Ctrl+C stops it.\n\n";
}

Task<Result<void>> up(Session& session, const Wish& wish) {
  CO_TRY_LET(node::Settings settings, gather_settings(wish.settings, session));
  std::error_code error;
  CO_TRY_LET(const std::string data_folder, session.data_folder());
  const auto folder = std::filesystem::absolute(data_folder, error);
  if (error) co_return fail(ErrorCode::io, fmt::format("find {}", data_folder));
  node::NodeOptions options{
      .data_folder = folder.lexically_normal().string(),
      .settings = std::move(settings),
      .variables = session.variables(),
      .reread = [&session, &wish] { return gather_settings(wish.settings, session); }};
  while (options.data_folder.size() > 1 && options.data_folder.ends_with('/')) {
    options.data_folder.pop_back();
  }
  CO_TRY_LET(const auto node,
             co_await node::Node::open(session.executor(), session.outside(), std::move(options)));
  if (session.terminal().is_output_shown()) {
    CO_TRY(session.terminal().print(welcome(*node)));
    CO_TRY(session.terminal().flush());
  }
  co_await node->serve();
  co_return Result<void>();
}

}  // namespace

tree::Command up_command() {
  auto wish = std::make_shared<Wish>();
  tree::Command command{
      .name = "up",
      .summary = "Start a node, and serve until it is stopped",
      .details =
          "Stays in the foreground. The first start makes a vault in the data folder, and an "
          "administrator whose access key is shown and kept there.\n\n"
          "SIGTERM and Ctrl+C let requests at work end for up to ten seconds; SIGHUP reads the "
          "certificate and the log level anew. Each option can also be set in the environment "
          "(HOLDFAST_S3 for --s3) or in the settings file (s3: ADDR); `holdfast config` shows "
          "what counts.",
      .examples = {{"holdfast up", "Starts a node on the standard data folder"},
                   {"holdfast up --data /srv/holdfast --s3 0.0.0.0:9000 --s3-tls",
                    "Serves S3 to the network, encrypted"}},
      .run = [wish](Session& session) { return up(session, *wish); },
      .synonyms = {"start", "serve", "server", "run", "daemon", "init"}};
  add_settings(command, wish->settings);
  return command;
}

}  // namespace holdfast::cli
