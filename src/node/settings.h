// Settings: all that a node can be told, and where it was told.
//
// A setting has one name everywhere: `--log-level` on the command line, HOLDFAST_LOG_LEVEL in the
// environment, `log-level` in the settings file. The command line wins over the environment, which
// wins over the file, which wins over what is built in. What nobody knows is refused, and so is
// what is told and empty, where a setting does not say that it may be.
#pragma once

#include "base/result.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::node {

enum class SettingKind { text, list, toggle, choice };

// What there is to be told.
struct SettingRule {
  std::string name;
  SettingKind kind = SettingKind::text;
  std::string value;                      // What a value is called in help: "DIR".
  std::string standard = {};              // Without being told; empty: nothing.
  std::string help;                       // A phrase, without full stop.
  std::vector<std::string> choices = {};  // For SettingKind::choice.
  bool may_be_empty = false;              // Empty then stands for nothing.
};

const std::vector<SettingRule>& setting_rules();

// HOLDFAST_LOG_LEVEL for "log-level".
std::string variable_of(std::string_view name);

enum class Origin { standard, file, environment, command_line };

struct Setting {
  std::vector<std::string> values;  // One, but for lists; none when nothing was told.
  Origin origin = Origin::standard;
};

// What was said on the command line: names to values.
using Spoken = std::map<std::string, std::vector<std::string>, std::less<>>;

// The environment: the variables that begin with HOLDFAST_, HOME and XDG_RUNTIME_DIR.
using Variables = std::map<std::string, std::string, std::less<>>;

// A settings file: its name, for messages, and its content.
struct SettingsFile {
  std::string name;
  std::string content;
};

class Settings {
 public:
  // Fails with `invalid`, naming what is wrong, where, and what may have been meant.
  static Result<Settings> gather(const Spoken& spoken, const Variables& variables,
                                 const std::optional<SettingsFile>& file);

  // `name` must be one of setting_rules().
  const Setting& get(std::string_view name) const;
  std::string text(std::string_view name) const;  // Empty when nothing was told.
  const std::vector<std::string>& list(std::string_view name) const { return get(name).values; }
  bool is_on(std::string_view name) const { return text(name) == "true"; }

  // For people: "HOLDFAST_S3 in the environment".
  std::string origin(std::string_view name) const;

 private:
  std::map<std::string, Setting, std::less<>> settings_;
  std::string file_name_;
};

// The folder that holds a node's data: as spoken, else HOLDFAST_DATA, else by who asks. `invalid`
// where it is told and empty: the folder that was meant is hardly the standard one.
Result<std::string> data_folder(const Spoken& spoken, const Variables& variables, bool is_root);

// The settings file: as spoken, else HOLDFAST_CONFIG, else the one in the data folder, which need
// not be there: `must_exist` is false then. Its name is empty where one was told that is; gather()
// refuses that.
struct SettingsFileName {
  std::string name;
  bool must_exist = false;
};
SettingsFileName settings_file(const Spoken& spoken, const Variables& variables,
                               const std::string& data_folder);

}  // namespace holdfast::node
