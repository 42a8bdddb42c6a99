#include "cli/tree/help.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::cli::tree {
namespace {

constexpr std::size_t margin = 2;
constexpr std::size_t term_columns_max = 26;

struct Definition {
  std::string term;
  std::string text;
};

// A two-column list; a term that is too long for its column stands on a line of its own.
std::string definitions(std::string_view title, const std::vector<Definition>& rows) {
  if (rows.empty()) return {};
  std::size_t term_columns = 0;
  for (const Definition& row : rows) {
    if (row.term.size() <= term_columns_max) {
      term_columns = std::max(term_columns, row.term.size());
    }
  }
  const std::size_t indent = margin + term_columns + 2;
  std::string text = fmt::format("\n{}:\n", title);
  for (const Definition& row : rows) {
    text += std::string(margin, ' ') + row.term;
    if (row.term.size() > term_columns) {
      text += '\n' + std::string(indent, ' ');
    } else {
      text += std::string(term_columns - row.term.size() + 2, ' ');
    }
    text += wrap(row.text, indent) + '\n';
  }
  return text;
}

std::string paragraphs(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    result += '\n' + wrap(text.substr(0, end), 0) + '\n';
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  return result;
}

std::string with_choices(const Option& option) {
  if (option.choices.empty()) return option.help;
  std::string text = option.help + ": ";
  for (std::size_t i = 0; i < option.choices.size(); ++i) {
    if (i > 0) text += i + 1 == option.choices.size() ? " or " : ", ";
    text += option.choices[i];
  }
  return text;
}

std::string options_of(const Path& path) {
  std::vector<Definition> own;
  for (const Option& option : path.back()->options) {
    own.push_back({usage_of(option), with_choices(option)});
  }
  own.push_back({"-h, --help", "Show this help"});
  std::vector<Definition> everywhere;
  if (path.size() > 1) {
    for (const Option& option : path.front()->options) {
      if (option.name != "version") everywhere.push_back({usage_of(option), with_choices(option)});
    }
  }
  return definitions("Options", own) + definitions("Options of every command", everywhere);
}

}  // namespace

std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
  std::string result;
  std::size_t column = indent;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!is_first && column + 1 + word.size() > width) {
      result += '\n' + std::string(indent, ' ');
      column = indent;
      is_first = true;
    }
    if (!is_first) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    is_first = false;
  }
  return result;
}

std::string usage(const Path& path) {
  const Command& command = *path.back();
  std::string text = "Usage: " + words(path);
  if (!command.options.empty()) text += " [OPTION]...";
  for (const Argument& argument : command.arguments) {
    std::string name = argument.name;
    if (std::holds_alternative<std::vector<std::string>*>(argument.target)) name += "...";
    text += argument.is_required ? " " + name : " [" + name + "]";
  }
  if (!command.children.empty()) text += command.run ? " [COMMAND]" : " COMMAND";
  return text;
}

std::string help(const Path& path) {
  const Command& command = *path.back();
  std::string text = wrap(usage(path), 0) + "\n\n" + command.summary + ".\n";
  text += paragraphs(command.details);

  std::vector<Definition> arguments;
  for (const Argument& argument : command.arguments) {
    arguments.push_back({argument.name, argument.help});
  }
  text += definitions("Arguments", arguments);
  std::vector<Definition> children;
  for (const Command& child : command.children) {
    if (!child.is_hidden) children.push_back({child.name, child.summary});
  }
  text += definitions("Commands", children);
  text += options_of(path);
  if (path.size() == 1) {
    std::vector<Definition> codes;
    for (const ExitCode& code : exit_codes()) {
      codes.push_back({std::to_string(code.code), code.meaning});
    }
    text += definitions("Exit codes", codes);
  }
  if (!command.examples.empty()) {
    text += "\nExamples:\n";
    for (const Example& example : command.examples) {
      text += fmt::format("  {}\n      {}\n", example.command, wrap(example.effect, 6));
    }
  }
  if (!command.children.empty()) {
    text += fmt::format("\n`{} COMMAND --help` tells more about one of them.\n", words(path));
  }
  return text;
}

const std::vector<ExitCode>& exit_codes() {
  static const std::vector<ExitCode> codes{
      {0, "Done"},
      {1, "Failed, for a reason that the message on standard error gives"},
      {2, "Not understood: a wrong command, option or setting"},
      {3, "Not found: no such bucket, object, user or key"},
      {4, "Not allowed"},
      {5, "The node cannot be reached, or does not serve now (it is locked or starting)"},
      {6, "Done in part: what failed was named, the rest is done"},
      {7, "It is there already, or somebody else was faster"},
      {8, "No room left"},
  };
  return codes;
}

}  // namespace holdfast::cli::tree
