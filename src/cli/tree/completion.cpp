#include "cli/tree/completion.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::cli::tree {
namespace {

// Text inside single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

// The names below the program's own: "bucket create"; empty for the root.
std::string key_of(const Path& path) {
  return path.size() == 1 ? std::string() : words(Path(path.begin() + 1, path.end()));
}

Completes argument_completes(const Command& command) {
  for (const Argument& argument : command.arguments) {
    if (argument.completes != Completes::nothing) return argument.completes;
  }
  return Completes::nothing;
}

std::vector<const Option*> options_at(const Path& path) {
  std::vector<const Option*> options;
  for (const Option& option : path.back()->options) options.push_back(&option);
  if (path.size() > 1) {
    for (const Option& option : path.front()->options) options.push_back(&option);
  }
  return options;
}

std::string bash_values(const Option& option) {
  if (!option.choices.empty()) {
    return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))",
                       fmt::join(option.choices, " "));
  }
  switch (option.completes) {
    case Completes::folder:
      return "COMPREPLY=($(compgen -d -- \"$current\"))";
    case Completes::file:
    case Completes::place:
      return "COMPREPLY=($(compgen -f -- \"$current\"))";
    case Completes::bucket:
    case Completes::nothing:
      break;
  }
  return ":";
}

// _arguments takes colons and brackets for its own.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(Completes completes, const std::vector<std::string>& choices) {
  if (!choices.empty()) return fmt::format("({})", fmt::join(choices, " "));
  switch (completes) {
    case Completes::folder:
      return "_files -/";
    case Completes::file:
    case Completes::place:
      return "_files";
    case Completes::bucket:
    case Completes::nothing:
      break;
  }
  return " ";
}

std::string zsh_option(const Option& option) {
  const std::string value = option.value.empty()
                                ? std::string()
                                : fmt::format(":{}:{}", zsh_text(option.value),
                                              zsh_action(option.completes, option.choices));
  const std::string help = fmt::format("[{}]{}", zsh_text(option.help), value);
  const bool repeats = std::holds_alternative<std::vector<std::string>*>(option.target);
  const std::string star = repeats ? "*" : "";
  std::string text = " " + quoted(fmt::format("{}--{}{}", star, option.name, help));
  if (option.letter != 0) text += " " + quoted(fmt::format("{}-{}{}", star, option.letter, help));
  return text;
}

}  // namespace

std::string bash_completion(const Command& root) {
  std::string children;
  std::string values;
  std::string options;
  std::string arguments;
  for_each_visible(root, [&](const Path& path) {
    const std::string key = quoted(key_of(path));
    const Command& command = *path.back();
    for (const std::string& name : visible_names(command)) {
      const std::string below = key_of(path).empty() ? name : key_of(path) + " " + name;
      children += fmt::format("      {}) at={}; continue ;;\n", quoted(key_of(path) + ":" + name),
                              quoted(below));
    }
    std::string names = "--help";
    for (const Option* option : options_at(path)) {
      names += " --" + option->name;
      if (option->value.empty()) continue;
      std::string forms = quoted(key_of(path) + ":--" + option->name);
      if (option->letter != 0) forms += "|" + quoted(key_of(path) + ":-" + option->letter);
      values += fmt::format("    {}) {}; return ;;\n", forms, bash_values(*option));
    }
    options += fmt::format("      {}) names='{}' ;;\n", key, names);
    if (!command.children.empty()) {
      arguments += fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$current\")) ;;\n", key,
                               fmt::join(visible_names(command), " "));
    } else if (argument_completes(command) == Completes::folder) {
      arguments += fmt::format("    {}) COMPREPLY=($(compgen -d -- \"$current\")) ;;\n", key);
    } else if (argument_completes(command) != Completes::nothing) {
      arguments += fmt::format("    {}) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n", key);
    }
  });
  return "# bash completion for holdfast: source it, or put it where bash-completion looks.\n"
         "_holdfast() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local at='' word names=''\n"
         "  COMPREPLY=()\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$at:$word\" in\n" +
         children +
         "    esac\n"
         "  done\n"
         "  case \"$at:$previous\" in\n" +
         values +
         "  esac\n"
         "  if [[ $current == -* ]]; then\n"
         "    case \"$at\" in\n" +
         options +
         "    esac\n"
         "    COMPREPLY=($(compgen -W \"$names\" -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  case \"$at\" in\n" +
         arguments +
         "  esac\n"
         "}\n"
         "complete -o filenames -F _holdfast holdfast\n";
}

std::string zsh_completion(const Command& root) {
  std::string functions;
  for_each_visible(root, [&](const Path& path) {
    const Command& command = *path.back();
    std::string name = "_" + words(path);
    std::ranges::replace(name, ' ', '_');
    std::string body = "  _arguments -C '(-h --help)'{-h,--help}'[Show help]'";
    for (const Option* option : options_at(path)) body += " \\\n   " + zsh_option(*option);
    if (command.children.empty()) {
      if (argument_completes(command) != Completes::nothing) {
        body += fmt::format(" \\\n    '*::{}'",
                            "argument:" + zsh_action(argument_completes(command), {}));
      }
      functions += fmt::format("{}() {{\n{}\n}}\n\n", name, body);
      return;
    }
    std::string choices;
    std::string calls;
    for (const Command& child : command.children) {
      if (child.is_hidden) continue;
      choices += fmt::format("        {}\n", quoted(child.name + ":" + zsh_text(child.summary)));
      calls += fmt::format("        {}) {}_{} ;;\n", child.name, name, child.name);
    }
    functions += fmt::format(
        "{}() {{\n  local -a commands\n  local line state\n{} \\\n    '1: :->command' '*::: "
        ":->rest'\n  case $state in\n    command)\n      commands=(\n{}      )\n      _describe "
        "command commands ;;\n    rest)\n      case $line[1] in\n{}      esac ;;\n  esac\n}}\n\n",
        name, body, choices, calls);
  });
  return "#compdef holdfast\n# zsh completion for holdfast: name it _holdfast, in a folder of "
         "$fpath.\n\n" +
         functions +
         "if [[ $funcstack[1] == _holdfast ]]; then\n  _holdfast \"$@\"\nelse\n  compdef _holdfast "
         "holdfast\nfi\n";
}

std::string fish_completion(const Command& root) {
  std::string text =
      "# fish completion for holdfast: put it into ~/.config/fish/completions.\n"
      "complete -c holdfast -f\n"
      "complete -c holdfast -s h -l help -d 'Show help'\n";
  for_each_visible(root, [&](const Path& path) {
    const Command& command = *path.back();
    std::string condition;
    if (path.size() == 1) {
      condition = "__fish_use_subcommand";
    } else {
      for (std::size_t i = 1; i < path.size(); ++i) {
        condition += (i > 1 ? "; and " : "") + ("__fish_seen_subcommand_from " + path[i]->name);
      }
    }
    if (!command.children.empty() && path.size() > 1) {
      condition += fmt::format("; and not __fish_seen_subcommand_from {}",
                               fmt::join(visible_names(command), " "));
    }
    const std::string start = fmt::format("complete -c holdfast -n {}", quoted(condition));
    for (const Command& child : command.children) {
      if (child.is_hidden) continue;
      text += fmt::format("{} -a {} -d {}\n", start, child.name, quoted(child.summary));
    }
    for (const Option& option : command.options) {
      // What the root takes, every command takes.
      std::string line = path.size() == 1 ? "complete -c holdfast" : start;
      if (option.letter != 0) line += fmt::format(" -s {}", option.letter);
      line += fmt::format(" -l {} -d {}", option.name, quoted(option.help));
      if (!option.value.empty()) line += " -r";
      if (!option.choices.empty()) {
        line += " -a " + quoted(fmt::format("{}", fmt::join(option.choices, " ")));
      } else if (option.completes == Completes::folder) {
        line += " -a '(__fish_complete_directories)'";
      } else if (option.completes == Completes::file) {
        line += " -F";
      }
      text += line + "\n";
    }
    if (command.children.empty() && argument_completes(command) != Completes::nothing) {
      text += start + " -F\n";
    }
  });
  return text;
}

}  // namespace holdfast::cli::tree
