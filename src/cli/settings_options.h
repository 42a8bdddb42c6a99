// The settings of a node as options of the commands that take them.
#pragma once

#include "cli/session/session.h"
#include "cli/tree/command.h"
#include "node/settings.h"

#include <deque>
#include <string>
#include <vector>

namespace holdfast::cli {

// Where the options leave their values. Its address must not change once they were added.
struct SettingsOptions {
  struct Value {
    const node::SettingRule* rule = nullptr;
    bool toggle = false;
    std::vector<std::string> values;
    std::optional<std::string> value;
  };
  std::deque<Value> values;
};

// Adds one option for each setting, but for --data, which every command takes.
void add_settings(tree::Command& command, SettingsOptions& options);

// Reads the settings file and puts it all together.
Result<node::Settings> gather_settings(const SettingsOptions& options, const Session& session);

}  // namespace holdfast::cli
