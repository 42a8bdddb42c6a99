#include "node/settings.h"

#include "base/check.h"
#include "base/suggest.h"
#include "net/address.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace holdfast::node {
namespace {

// Variables that are no settings: secrets.
const std::vector<std::string> other_variables{"HOLDFAST_ACCESS_KEY", "HOLDFAST_SECRET_KEY"};

const SettingRule* find_rule(std::string_view name) {
  const auto& rules = setting_rules();
  const auto found = std::ranges::find(rules, name, &SettingRule::name);
  return found == rules.end() ? nullptr : &*found;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto meant = nearest(word, known);
  return meant ? fmt::format(" Did you mean {}?", *meant) : std::string();
}

// What an unset variable of a shell leaves is hardly what was meant.
std::unexpected<Error> refuse_empty(std::string_view name, std::string_view where, Origin origin) {
  switch (origin) {
    case Origin::environment:
      return fail(ErrorCode::invalid,
                  fmt::format("{} is set but empty. Give it a value, or unset it.", where));
    case Origin::file:
      return fail(ErrorCode::invalid,
                  fmt::format("{}: {} is empty. Give it a value, or remove it.", where, name));
    case Origin::command_line:
    case Origin::standard:
      break;
  }
  return fail(ErrorCode::invalid,
              fmt::format("{} is empty. Give it a value, or leave it out.", where));
}

Result<void> judge_address(const SettingRule& rule, const std::string& value,
                           std::string_view where) {
  const auto parsed = net::parse_endpoint(value);
  if (parsed) return {};
  return fail(ErrorCode::invalid, fmt::format("{}: {} is an address such as 127.0.0.1:9000: {}.",
                                              where, rule.name, parsed.error().context()));
}

// Checks `values` against the rule and brings toggles to "true" and "false".
Result<std::vector<std::string>> judge(const SettingRule& rule, std::vector<std::string> values,
                                       std::string_view where, Origin origin) {
  if (rule.kind != SettingKind::list && values.size() != 1) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: {} takes one value, not a list.", where, rule.name));
  }
  for (std::string& value : values) {
    if (value.empty()) {
      if (!rule.may_be_empty) return refuse_empty(rule.name, where, origin);
      continue;
    }
    if (rule.kind == SettingKind::toggle) {
      if (value == "1" || value == "yes" || value == "on") value = "true";
      if (value == "0" || value == "no" || value == "off") value = "false";
      if (value != "true" && value != "false") {
        return fail(ErrorCode::invalid,
                    fmt::format("{}: {} is true or false, not `{}`.", where, rule.name, value));
      }
    }
    if (rule.value == "ADDR") {
      TRY(judge_address(rule, value, where));
    }
    if (rule.kind == SettingKind::choice && !contains(rule.choices, value)) {
      return fail(ErrorCode::invalid, fmt::format("{}: {} is one of {}, not `{}`.{}", where,
                                                  rule.name, fmt::join(rule.choices, ", "), value,
                                                  did_you_mean(value, rule.choices)));
    }
  }
  return values;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<std::vector<std::string>> values_of(const YAML::Node& node, std::string_view where) {
  std::vector<std::string> values;
  if (node.IsScalar()) {
    values.push_back(node.Scalar());
  } else if (node.IsSequence()) {
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) {
        return fail(ErrorCode::invalid, fmt::format("{}: a list holds plain values only.", where));
      }
      values.push_back(item.Scalar());
    }
  } else if (node.IsNull()) {
    values.emplace_back();
  } else {
    return fail(ErrorCode::invalid, fmt::format("{}: a plain value or a list is needed.", where));
  }
  return values;
}

Result<Spoken> parse_file(const SettingsFile& file) try {
  const YAML::Node root = YAML::Load(file.content);
  Spoken spoken;
  if (root.IsNull()) return spoken;
  if (!root.IsMap()) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: the settings file must be made of `name: value`.", file.name));
  }
  std::vector<std::string> known;
  for (const SettingRule& rule : setting_rules()) known.push_back(rule.name);
  for (const auto& pair : root) {
    const std::string where = fmt::format("{}:{}", file.name, pair.first.Mark().line + 1);
    const std::string name = pair.first.IsScalar() ? pair.first.Scalar() : std::string();
    const SettingRule* rule = find_rule(name);
    // The file is found by these two, so they cannot be in it.
    if (rule == nullptr || name == "config" || name == "data") {
      return fail(ErrorCode::invalid, fmt::format("{}: there is no setting `{}` here.{}", where,
                                                  name, did_you_mean(name, known)));
    }
    if (spoken.contains(name)) {
      return fail(ErrorCode::invalid, fmt::format("{}: {} is set twice.", where, name));
    }
    TRY_LET(auto values, values_of(pair.second, where));
    TRY_LET(spoken[name], judge(*rule, std::move(values), where, Origin::file));
  }
  return spoken;
} catch (const YAML::Exception& failure) {
  return fail(ErrorCode::invalid, fmt::format("{}:{}: not valid YAML: {}.", file.name,
                                              failure.mark.line + 1, failure.msg));
}

Result<void> judge_variables(const Variables& variables) {
  std::vector<std::string> known = other_variables;
  for (const SettingRule& rule : setting_rules()) known.push_back(variable_of(rule.name));
  for (const auto& [name, value] : variables) {
    if (name.starts_with("HOLDFAST_") && !contains(known, name)) {
      return fail(ErrorCode::invalid, fmt::format("The environment sets {}, which means nothing.{}",
                                                  name, did_you_mean(name, known)));
    }
  }
  const auto is_set = [&variables](const std::string& name) { return variables.contains(name); };
  for (const std::string& name : other_variables) {
    if (is_set(name) && variables.find(name)->second.empty()) {
      return refuse_empty(name, name, Origin::environment);
    }
  }
  if (std::ranges::any_of(other_variables, is_set) &&
      !std::ranges::all_of(other_variables, is_set)) {
    return fail(ErrorCode::invalid, fmt::format("{} belong together: set both, or neither.",
                                                fmt::join(other_variables, " and ")));
  }
  return {};
}

}  // namespace

const std::vector<SettingRule>& setting_rules() {
  using enum SettingKind;
  static const std::vector<SettingRule> rules{
      {"data", text, "DIR", "", "Folder of the node's own data and of its socket"},
      {"config", text, "FILE", "", "Settings file, instead of holdfast.yaml in the data folder"},
      {"disk", list, "DIR", "", "Folder on a disk to store on; without one, the data folder is it"},
      {"s3", text, "ADDR", "127.0.0.1:9000", "Address to serve S3 on; port 0: the system chooses"},
      {"region", text, "NAME", "us-east-1", "Region that S3 clients must name"},
      {"domain", list, "NAME", "", "Domain whose subdomains are buckets (virtual hosts)"},
      {"s3-cert", text, "FILE", "", "Certificate chain in PEM: serve S3 over TLS"},
      {"s3-key", text, "FILE", "", "Private key of the certificate in PEM"},
      {"s3-tls", toggle, "", "false", "Serve S3 over TLS with a certificate made for this node"},
      {"site", text, "NAME", "default", "Where this node stands: what fails together"},
      {.name = "metrics",
       .value = "ADDR",
       .help = "Address to serve /metrics, /healthz and /readyz on; empty: none",
       .may_be_empty = true},
      {"passphrase-file", text, "FILE", "", "File with the passphrase that unlocks the vault"},
      {"log-format", choice, "NAME", "text", "How the log is written", {"text", "json"}},
      {"log-level",
       choice,
       "NAME",
       "info",
       "The least that is logged",
       {"debug", "info", "warning", "error"}},
  };
  return rules;
}

std::string variable_of(std::string_view name) {
  std::string variable = "HOLDFAST_";
  for (const char c : name) {
    variable += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return variable;
}

Result<Settings> Settings::gather(const Spoken& spoken, const Variables& variables,
                                  const std::optional<SettingsFile>& file) {
  TRY(judge_variables(variables));
  Settings gathered;
  Spoken written;
  if (file) {
    gathered.file_name_ = file->name;
    TRY_LET(written, parse_file(*file));
  }
  for (const SettingRule& rule : setting_rules()) {
    Setting& setting = gathered.settings_[rule.name];
    const std::string variable = variable_of(rule.name);
    const auto said = spoken.find(rule.name);
    const auto set = variables.find(variable);
    if (said != spoken.end()) {
      setting.origin = Origin::command_line;
      TRY_LET(setting.values, judge(rule, said->second, "--" + rule.name, setting.origin));
    } else if (set != variables.end()) {
      setting.origin = Origin::environment;
      auto values = rule.kind == SettingKind::list ? split(set->second)
                                                   : std::vector<std::string>{set->second};
      if (values.empty()) values.emplace_back();
      TRY_LET(setting.values, judge(rule, std::move(values), variable, setting.origin));
    } else if (const auto wrote = written.find(rule.name); wrote != written.end()) {
      setting.origin = Origin::file;
      setting.values = wrote->second;
    } else if (!rule.standard.empty()) {
      setting.values = {rule.standard};
    }
  }
  if (gathered.text("s3-cert").empty() != gathered.text("s3-key").empty()) {
    return fail(ErrorCode::invalid,
                "A certificate needs its key: set both s3-cert and s3-key, or neither.");
  }
  return gathered;
}

const Setting& Settings::get(std::string_view name) const {
  const auto found = settings_.find(name);
  check(found != settings_.end(), "only settings that have a rule are asked for");
  return found->second;
}

std::string Settings::text(std::string_view name) const {
  const Setting& setting = get(name);
  return setting.values.empty() ? std::string() : setting.values.front();
}

std::string Settings::origin(std::string_view name) const {
  switch (get(name).origin) {
    case Origin::standard:
      return "built in";
    case Origin::file:
      return file_name_;
    case Origin::environment:
      return variable_of(name) + " in the environment";
    case Origin::command_line:
      return fmt::format("--{} on the command line", name);
  }
  return {};
}

Result<std::string> data_folder(const Spoken& spoken, const Variables& variables, bool is_root) {
  if (const auto said = spoken.find("data"); said != spoken.end() && !said->second.empty()) {
    if (said->second.front().empty()) return refuse_empty("data", "--data", Origin::command_line);
    return said->second.front();
  }
  const std::string variable = variable_of("data");
  if (const auto set = variables.find(variable); set != variables.end()) {
    if (set->second.empty()) return refuse_empty("data", variable, Origin::environment);
    return set->second;
  }
  if (is_root) return "/var/lib/holdfast";
  const auto home = variables.find("HOME");
  if (home == variables.end() || home->second.empty()) {
    return fail(ErrorCode::invalid,
                "There is no standard data folder, because HOME is not set. Name one by --data.");
  }
  return home->second + "/.local/share/holdfast";
}

SettingsFileName settings_file(const Spoken& spoken, const Variables& variables,
                               const std::string& data_folder) {
  if (const auto said = spoken.find("config"); said != spoken.end() && !said->second.empty()) {
    return {said->second.front(), true};
  }
  if (const auto set = variables.find(variable_of("config")); set != variables.end()) {
    return {set->second, true};
  }
  return {data_folder + "/holdfast.yaml", false};
}

}  // namespace holdfast::node
