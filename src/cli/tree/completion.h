// Scripts that make shells complete the command line, from the command tree.
#pragma once

#include "cli/tree/command.h"

#include <string>

namespace holdfast::cli::tree {

std::string bash_completion(const Command& root);
std::string zsh_completion(const Command& root);
std::string fish_completion(const Command& root);

}  // namespace holdfast::cli::tree
