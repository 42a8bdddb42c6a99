// The manual page, from the command tree.
#pragma once

#include "cli/tree/command.h"

#include <string>
#include <utility>
#include <vector>

namespace holdfast::cli::tree {

// A section that the tree does not know of: terms and what they mean, below an opening paragraph.
struct ManSection {
  std::string title;  // In capitals.
  std::string opening;
  std::vector<std::pair<std::string, std::string>> terms;
};

// The page in roff, for man(7).
std::string man_page(const Command& root, const std::string& version,
                     const std::vector<ManSection>& sections);

}  // namespace holdfast::cli::tree
