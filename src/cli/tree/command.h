// Command describes one command of the program: its words, what it takes, and what it does. The
// whole command line is one tree of these, from which parsing, help, the man page and the
// completions of the shells are all derived, so that they cannot disagree.
//
// Values go straight to variables that the command owns: `run` keeps them alive.
#pragma once

#include "base/result.h"
#include "base/task.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::cli {
class Session;
}

namespace holdfast::cli::tree {

// What a shell offers when a value is typed.
enum class Completes { nothing, file, folder, bucket, place };

// Where a value goes. A list takes every occurrence; anything else may be given once.
using Target = std::variant<bool*, std::string*, std::optional<std::string>*, std::uint64_t*,
                            std::vector<std::string>*>;

// The numbers that an option takes.
struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

struct Option {
  std::string name;        // Without the dashes.
  char letter = 0;         // A short form, or 0.
  std::string value = {};  // What its value is called, "DIR"; empty for a switch.
  std::string help;        // A phrase, without full stop.
  Target target{};
  std::vector<std::string> choices = {};  // If only these values make sense.
  Completes completes = Completes::nothing;
  Range range = {};  // Where the target is a number.
};

struct Argument {
  std::string name;  // In capitals.
  std::string help;
  Target target;  // A std::string or a list; at most one argument is a list.
  bool is_required = true;
  Completes completes = Completes::nothing;
};

struct Example {
  std::string command;
  std::string effect;  // A phrase, without full stop.
};

struct Command {
  std::string name;
  std::string summary;       // One line, without full stop.
  std::string details = {};  // Paragraphs, parted by blank lines; may be empty.
  std::vector<Argument> arguments = {};
  std::vector<Option> options = {};
  std::vector<Example> examples = {};
  std::vector<Command> children = {};
  // Nothing: the command is a group, and one of its children must be named.
  std::function<Task<Result<void>>(Session&)> run = {};
  std::vector<std::string> synonyms = {};  // What others call it: not accepted, but understood.
  bool is_hidden = false;
};

// The words to type for a command, and the commands on the way to it: the last is the one itself.
using Path = std::vector<const Command*>;

// "holdfast bucket create".
std::string words(const Path& path);

// Goes down by names as far as they fit; the path of the root for none of them.
Path find(const Command& root, const std::vector<std::string>& names);

// The names of the children that people are told of.
std::vector<std::string> visible_names(const Command& command);

// "-r, --recursive", "--data DIR".
std::string usage_of(const Option& option);

// Calls `visit` for each command that people are told of, parents first.
void for_each_visible(const Command& root, const std::function<void(const Path&)>& visit);

}  // namespace holdfast::cli::tree
