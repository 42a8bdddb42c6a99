#include "cli/tree/parser.h"

#include "base/number.h"
#include "base/suggest.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>

namespace holdfast::cli::tree {
namespace {

// How often a list may be given; any bound that no command line reaches.
constexpr int list_count_max = std::numeric_limits<int>::max() / 2;

struct AddOption {
  CLI::App& app;
  const std::string& names;
  const std::string& help;

  CLI::Option* operator()(bool* target) const { return app.add_flag(names, *target, help); }
  CLI::Option* operator()(std::string* target) const {
    return app.add_option(names, *target, help);
  }
  CLI::Option* operator()(std::uint64_t* target) const {
    return app.add_option(names, *target, help);
  }
  CLI::Option* operator()(std::optional<std::string>* target) const {
    return app.add_option_function<std::string>(
        names, [target](const std::string& value) { *target = value; }, help);
  }
  CLI::Option* operator()(std::vector<std::string>* target) const {
    // One value for each occurrence; without that, "[a]" would also be taken apart.
    return app.add_option(names, *target, help)
        ->expected(1, list_count_max)
        ->allow_extra_args(false);
  }
};

// CLI11 would wrap what is below zero or too large around, without a word.
std::string judge_number(const Range& range, std::string_view text) {
  const auto number = parse_number<std::uint64_t>(text);
  if (number && *number >= range.least && *number <= range.most) return {};
  if (range.most == std::numeric_limits<std::uint64_t>::max()) {
    return fmt::format("a number from {} on is needed, not `{}`", range.least, text);
  }
  return fmt::format("a number from {} to {} is needed, not `{}`", range.least, range.most, text);
}

std::string judge_choice(const std::vector<std::string>& choices, const std::string& text) {
  if (std::ranges::find(choices, text) != choices.end()) return {};
  return fmt::format("one of {} is needed, not `{}`", fmt::join(choices, ", "), text);
}

void add_options(CLI::App& app, const Command& command) {
  for (const Option& option : command.options) {
    std::string names = "--" + option.name;
    if (option.letter != 0) names = fmt::format("-{},{}", option.letter, names);
    CLI::Option* added = std::visit(AddOption{app, names, option.help}, option.target);
    if (!option.choices.empty()) {
      added->check([choices = option.choices](const std::string& text) {
        return judge_choice(choices, text);
      });
    }
    if (std::holds_alternative<std::uint64_t*>(option.target)) {
      added->check(
          [range = option.range](const std::string& text) { return judge_number(range, text); });
    }
  }
}

// The options of the root are taken after every command too. Arguments are left to
// take_arguments(): CLI11 takes "[a]" apart, and does not know how to leave the last word to the
// last argument.
void describe(CLI::App& app, const Command& root, const Command& command) {
  app.set_help_flag("-h,--help", "Show this help");
  add_options(app, command);
  if (&command != &root) add_options(app, root);
  for (const Command& child : command.children) {
    describe(*app.add_subcommand(child.name, child.summary), root, child);
  }
  if (!command.children.empty()) app.require_subcommand(0, 1);
  if (!command.arguments.empty()) app.allow_extras();
}

// The command that the words led to.
const CLI::App& last_of(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return below.empty() ? app : last_of(*below.front());
}

Path path_of(const CLI::App& app, const Command& root) {
  std::vector<std::string> names;
  for (const CLI::App* at = &last_of(app); at->get_parent() != nullptr; at = at->get_parent()) {
    names.insert(names.begin(), at->get_name());
  }
  return find(root, names);
}

std::optional<std::string> option_meant(const Path& path, const std::string& word) {
  std::vector<std::string> known{"--help"};
  for (const Command* command : {path.back(), path.front()}) {
    for (const Option& option : command->options) known.push_back("--" + option.name);
  }
  return nearest(word.substr(0, word.find('=')), known);
}

// The words for a command somewhere in the tree that others call `word`; the first that is found.
std::optional<std::string> synonym_meant(const Command& root, const std::string& word) {
  std::optional<std::string> found;
  for_each_visible(root, [&](const Path& path) {
    const auto& synonyms = path.back()->synonyms;
    if (!found && std::ranges::find(synonyms, word) != synonyms.end()) found = words(path);
  });
  return found;
}

std::string unknown_word(const Path& path, const std::string& word) {
  const std::string here = words(path);
  if (word.starts_with('-')) {
    std::string text = fmt::format("`{}` has no option {}.", here, word);
    if (auto meant = option_meant(path, word)) text += fmt::format(" Did you mean {}?", *meant);
    return text;
  }
  if (path.back()->children.empty()) {
    return fmt::format("`{}` does not know what to do with `{}`.", here, word);
  }
  std::string text = fmt::format("`{}` has no command `{}`.", here, word);
  if (auto synonym = synonym_meant(*path.front(), word)) {
    text += fmt::format(" Did you mean `{}`?", *synonym);
  } else if (auto known = nearest(word, visible_names(*path.back()))) {
    text += fmt::format(" Did you mean `{} {}`?", here, *known);
  }
  return text;
}

bool is_list(const Argument& argument) {
  return std::holds_alternative<std::vector<std::string>*>(argument.target);
}

// Hands the words that are no options to the arguments in their order; a list leaves enough for the
// required ones after it. `literal` are those behind "--". Returns what is wrong, or nothing.
std::string take_arguments(const Path& path, std::vector<std::string> given,
                           const std::vector<std::string>& literal) {
  for (const std::string& word : given) {
    if (word.size() > 1 && word.starts_with('-')) return unknown_word(path, word);
  }
  given.insert(given.end(), literal.begin(), literal.end());
  const auto& arguments = path.back()->arguments;
  std::size_t next = 0;
  std::vector<std::string> required;
  bool is_missing = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    const auto needed_after = static_cast<std::size_t>(
        std::count_if(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end(),
                      [](const Argument& later) { return later.is_required; }));
    const std::size_t left = given.size() - next;
    const std::size_t free = left > needed_after ? left - needed_after : 0;
    const std::size_t taken = is_list(argument) ? free : std::min<std::size_t>(free, 1);
    if (argument.is_required) required.push_back(argument.name);
    is_missing = is_missing || (taken == 0 && argument.is_required);
    for (std::size_t word = 0; word < taken; ++word) {
      if (auto* list = std::get_if<std::vector<std::string>*>(&argument.target)) {
        (*list)->push_back(given[next++]);
      } else {
        *std::get<std::string*>(argument.target) = given[next++];
      }
    }
  }
  if (is_missing) {
    return fmt::format("`{}` needs {}.", words(path), fmt::join(required, " and "));
  }
  return next < given.size() ? unknown_word(path, given[next]) : std::string();
}

// What is wrong about how often, or without what, an option was given. `said`: by CLI11, which
// begins with the option's name.
std::string wrong_count(const CLI::App& app, const Path& path, std::string_view said) {
  const std::string name(said.substr(0, said.find(':')));
  std::size_t given = 0;
  for (const CLI::App* at = &last_of(app); at != nullptr; at = at->get_parent()) {
    if (const CLI::Option* option = at->get_option_no_throw(name)) given += option->count();
  }
  if (given > 1) return fmt::format("{} may be given only once.", name);
  for (const Command* command : {path.back(), path.front()}) {
    for (const Option& option : command->options) {
      if ("--" + option.name == name) return fmt::format("{} needs {}.", name, option.value);
    }
  }
  return fmt::format("{}.", said);
}

}  // namespace

Result<Parsed> parse(const Command& root, std::vector<std::string> words_typed) {
  CLI::App app(root.summary, root.name);
  describe(app, root, root);
  // CLI11 hands what is behind "--" to the command above.
  std::vector<std::string> literal;
  if (const auto mark = std::ranges::find(words_typed, "--"); mark != words_typed.end()) {
    literal.assign(mark + 1, words_typed.end());
    words_typed.erase(mark, words_typed.end());
  }
  std::string problem;
  try {
    std::ranges::reverse(words_typed);  // The order that CLI11 takes them in.
    app.parse(std::move(words_typed));
    Path path = path_of(app, root);
    if (path.back()->run || path.back()->children.empty()) {
      problem = take_arguments(path, last_of(app).remaining(), literal);
      if (problem.empty()) return Parsed{std::move(path), false};
    } else {
      problem = fmt::format("`{}` needs to know what to do: {}.", words(path),
                            fmt::join(visible_names(*path.back()), ", "));
    }
  } catch (const CLI::CallForHelp&) {
    return Parsed{path_of(app, root), true};
  } catch (const CLI::ExtrasError&) {
    const auto rest = app.remaining(true);
    problem = unknown_word(path_of(app, root), rest.empty() ? std::string() : rest.front());
  } catch (const CLI::ArgumentMismatch& failure) {
    problem = wrong_count(app, path_of(app, root), failure.what());
  } catch (const CLI::ParseError& failure) {
    problem = std::string(failure.what()) + ".";
  }
  const Path path = path_of(app, root);
  return fail(ErrorCode::invalid,
              fmt::format("{}\n`{} --help` shows what it takes.", problem, words(path)));
}

}  // namespace holdfast::cli::tree
