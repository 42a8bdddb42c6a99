#include "cli/tree/man.h"

#include "cli/commands.h"
#include "node/version.h"

#include <fmt/format.h>

namespace holdfast::cli {
namespace {

tree::ManSection settings_section() {
  tree::ManSection section{
      .title = "SETTINGS",
      .opening =
          "What `holdfast up` is told on its command line can also be set in the environment, "
          "or in the settings file: holdfast.yaml in the data folder, or the one named by "
          "`--config`. The command line wins over the environment, which wins over the "
          "file. What is empty is refused, in the environment as well: a variable that is not to "
          "count must be unset. Only where it is said below does empty mean something. "
          "`holdfast config` tells where each setting comes from.",
      .terms = {}};
  for (const node::SettingRule& rule : node::setting_rules()) {
    section.terms.emplace_back(fmt::format("{} ({})", rule.name, node::variable_of(rule.name)),
                               rule.help + ".");
  }
  section.terms.emplace_back("HOLDFAST_ACCESS_KEY, HOLDFAST_SECRET_KEY",
                             "The administrator's access key, instead of one that is drawn at the "
                             "first start: both or neither. In the environment only.");
  return section;
}

tree::ManSection files_section() {
  return {.title = "FILES",
          .opening = "In the data folder:",
          .terms = {{"holdfast.yaml", "The settings file. It need not be there."},
                    {"holdfast.sock", "The socket through which commands ask the node."},
                    {"socket", "Where the socket is instead, if the folder's path is too long."},
                    {"endpoint", "Where S3 is served."},
                    {"credentials", "The administrator's first access key and its secret."}}};
}

tree::ManSection signals_section() {
  return {.title = "SIGNALS",
          .opening = "What `holdfast up` does when it is signalled:",
          .terms = {{"SIGTERM, SIGINT",
                     "Lets requests at work end for up to ten seconds, then "
                     "stops. A second one stops at once."},
                    {"SIGHUP", "Reads the certificate and the log level anew."}}};
}

Task<Result<void>> show(Session& session) {
  co_return session.terminal().print(
      tree::man_page(session.root(), std::string(node::version()),
                     {settings_section(), files_section(), signals_section()}));
}

}  // namespace

tree::Command man_command() {
  return {
      .name = "man", .summary = "Print the manual page in roff", .run = show, .is_hidden = true};
}

}  // namespace holdfast::cli
