#include "cli/commands.h"
#include "cli/settings_options.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  SettingsOptions settings;
  bool is_running = false;
  bool json = false;
};

std::string joined(const std::vector<std::string>& values) {
  return fmt::format("{}", fmt::join(values, ", "));
}

Task<Result<void>> show(Session& session, const Wish& wish) {
  Table table({{"name", "SETTING"}, {"value", "VALUE"}, {"origin", "FROM"}});
  if (wish.is_running) {
    CO_TRY_LET(NodeClient * node, session.node());
    CO_TRY_LET(const auto told, co_await node->get<node::SettingList>(target_of("config")));
    for (const node::SettingReport& setting : told.settings) {
      table.add({setting.name, joined(setting.values), setting.origin});
    }
  } else {
    CO_TRY_LET(const std::string folder, session.data_folder());
    CO_TRY_LET(const node::Settings settings, gather_settings(wish.settings, session));
    for (const node::SettingRule& rule : node::setting_rules()) {
      const auto& values = settings.list(rule.name);
      if (rule.name == "data" && values.empty()) {
        table.add({rule.name, folder, std::string("built in")});
      } else {
        table.add({rule.name, joined(values),
                   values.empty() ? std::string() : settings.origin(rule.name)});
      }
    }
  }
  co_return session.show(table, wish.json, "");
}

}  // namespace

tree::Command config_command() {
  auto wish = std::make_shared<Wish>();
  tree::Command command{
      .name = "config",
      .summary = "Show each setting, and where it comes from",
      .details =
          "Shows what `holdfast up` would use if it were started here with the same options. "
          "The command line wins over the environment (HOLDFAST_S3 for --s3), which wins over the "
          "settings file.\n\n"
          "A variable that is set but empty is refused, as an empty value is anywhere: unset it. "
          "Only an option that tells what empty means takes it.",
      .options = {{.name = "running",
                   .help = "Show what the node that runs was told instead",
                   .target = &wish->is_running},
                  {.name = "json", .help = "Print JSON", .target = &wish->json}},
      .run = [wish](Session& session) { return show(session, *wish); },
      .synonyms = {"settings", "configure"}};
  add_settings(command, wish->settings);
  return command;
}

}  // namespace holdfast::cli
