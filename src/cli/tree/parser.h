// From the words that somebody typed to a command with its values set.
#pragma once

#include "base/result.h"
#include "cli/tree/command.h"

#include <string>
#include <vector>

namespace holdfast::cli::tree {

struct Parsed {
  Path path;
  bool wants_help = false;
};

// Sets the targets of the options and arguments met. `words` come without the program's name. Fails
// with `invalid`, a sentence that says what was not understood, what may have been meant, and where
// to look.
Result<Parsed> parse(const Command& root, std::vector<std::string> words);

}  // namespace holdfast::cli::tree
