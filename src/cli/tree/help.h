// Help for people, from the command tree.
#pragma once

#include "cli/tree/command.h"

#include <string>

namespace holdfast::cli::tree {

inline constexpr std::size_t help_columns = 80;

// Everything about one command: usage, what it does, arguments, options, commands below it,
// examples. The root also explains exit codes.
std::string help(const Path& path);

// "Usage: holdfast cp [OPTION]... SOURCE... TARGET".
std::string usage(const Path& path);

// Breaks `text` into lines of at most `width` characters, each after the first indented by `indent`
// spaces; the first is taken to begin there already.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width = help_columns);

// What the program's exit codes mean.
struct ExitCode {
  int code;
  std::string meaning;
};
const std::vector<ExitCode>& exit_codes();

}  // namespace holdfast::cli::tree
