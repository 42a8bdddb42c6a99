#include "cli/tree/man.h"

#include "cli/tree/help.h"

#include <fmt/format.h>

namespace holdfast::cli::tree {
namespace {

// Escapes what roff would take for its own: backslashes, hyphens that must stay ASCII, and dots and
// quotes that begin a line. Backquoted words become bold.
std::string roff(std::string_view text) {
  std::string result;
  bool is_bold = false;
  bool is_line_start = true;
  for (const char c : text) {
    if (is_line_start && (c == '.' || c == '\'')) result += "\\&";
    is_line_start = c == '\n';
    switch (c) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '`':
        is_bold = !is_bold;
        result += is_bold ? "\\fB" : "\\fR";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string paragraphs(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    result += ".PP\n" + roff(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  return result;
}

std::string term(std::string_view name, std::string_view text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(name), roff(text));
}

std::string options_of(const Command& command) {
  std::string text;
  for (const Argument& argument : command.arguments)
    text += term(argument.name, argument.help + ".");
  for (const Option& option : command.options) {
    std::string meaning = option.help;
    if (!option.choices.empty()) meaning += fmt::format(": {}", fmt::join(option.choices, ", "));
    text += term(usage_of(option), meaning + ".");
  }
  return text;
}

std::string examples_of(const Command& command) {
  std::string text;
  for (const Example& example : command.examples) {
    text += fmt::format(".PP\n{}:\n.PP\n.RS 4\n.EX\n{}\n.EE\n.RE\n", roff(example.effect),
                        roff(example.command));
  }
  return text;
}

std::string command_section(const Path& path) {
  const Command& command = *path.back();
  const std::string shown = usage(path).substr(std::string_view("Usage: ").size());
  return fmt::format(".SS {}\n.B {}\n.PP\n{}.\n", roff(words(path)), roff(shown),
                     roff(command.summary)) +
         paragraphs(command.details) + options_of(command) + examples_of(command);
}

}  // namespace

std::string man_page(const Command& root, const std::string& version,
                     const std::vector<ManSection>& sections) {
  std::string text =
      fmt::format(".TH HOLDFAST 1 \"\" \"holdfast {}\" \"Holdfast manual\"\n", version);
  text += fmt::format(".SH NAME\nholdfast \\- {}\n", roff(root.summary));
  text += ".SH SYNOPSIS\n.B holdfast\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...\n";
  text += ".SH DESCRIPTION\n" + paragraphs(root.details);
  text += ".SH OPTIONS\n" + options_of(root) + term("-h, --help", "Show help for any command.");
  text += ".SH COMMANDS\n";
  for_each_visible(root, [&](const Path& path) {
    if (path.size() > 1 && path.back()->run) text += command_section(path);
  });
  for (const ManSection& section : sections) {
    text += fmt::format(".SH {}\n{}", section.title, paragraphs(section.opening));
    for (const auto& [name, meaning] : section.terms) text += term(name, meaning);
  }
  text += ".SH EXIT STATUS\n";
  for (const ExitCode& code : exit_codes()) {
    text += term(std::to_string(code.code), code.meaning + ".");
  }
  if (!root.examples.empty()) text += ".SH EXAMPLES\n" + examples_of(root);
  return text;
}

}  // namespace holdfast::cli::tree
