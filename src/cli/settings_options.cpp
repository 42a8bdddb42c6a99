#include "cli/settings_options.h"

#include "node/data_folder.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t settings_bytes_max = 64 * 1024;

tree::Completes completes_of(const node::SettingRule& rule) {
  if (rule.value == "DIR") return tree::Completes::folder;
  return rule.value == "FILE" ? tree::Completes::file : tree::Completes::nothing;
}

node::Spoken spoken_of(const SettingsOptions& options) {
  node::Spoken spoken;
  for (const SettingsOptions::Value& value : options.values) {
    if (value.toggle) spoken[value.rule->name] = {"true"};
    if (value.value) spoken[value.rule->name] = {*value.value};
    if (!value.values.empty()) spoken[value.rule->name] = value.values;
  }
  return spoken;
}

}  // namespace

void add_settings(tree::Command& command, SettingsOptions& options) {
  for (const node::SettingRule& rule : node::setting_rules()) {
    if (rule.name == "data") continue;
    SettingsOptions::Value& value = options.values.emplace_back();
    value.rule = &rule;
    tree::Option option{.name = rule.name,
                        .value = rule.value,
                        .help = rule.help,
                        .choices = rule.choices,
                        .completes = completes_of(rule)};
    if (!rule.standard.empty() && rule.kind != node::SettingKind::toggle) {
      option.help += " (" + rule.standard + ")";
    }
    if (rule.kind == node::SettingKind::toggle) {
      option.target = &value.toggle;
    } else if (rule.kind == node::SettingKind::list) {
      option.target = &value.values;
    } else {
      option.target = &value.value;
    }
    command.options.push_back(std::move(option));
  }
}

Result<node::Settings> gather_settings(const SettingsOptions& options, const Session& session) {
  node::Spoken spoken = spoken_of(options);
  TRY_LET(const std::string folder, session.data_folder());
  if (session.data_spoken()) spoken["data"] = {*session.data_spoken()};
  const node::Variables& variables = session.variables();
  const auto name = node::settings_file(spoken, variables, folder);
  std::optional<node::SettingsFile> file;
  if (name.name.empty()) return node::Settings::gather(spoken, variables, file);
  auto content = node::read_note(name.name, settings_bytes_max);
  if (content) {
    file = node::SettingsFile{name.name, std::move(*content)};
  } else if (name.must_exist || content.error().code() != ErrorCode::not_found) {
    return std::unexpected(std::move(content).error());
  }
  return node::Settings::gather(spoken, variables, file);
}

}  // namespace holdfast::cli
