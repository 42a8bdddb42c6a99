// What cp and mv have in common: from several sources of either kind to one target.
#pragma once

#include "cli/session/transfer.h"
#include "cli/tree/command.h"

#include <string>
#include <vector>

namespace holdfast::cli {

struct CopyWish {
  std::vector<std::string> sources;
  std::string target;
  bool is_move = false;
  bool is_recursive = false;
  TransferOptions transfer;
};

// The options of both, with `wish` as their target.
std::vector<tree::Option> copy_options(CopyWish& wish);

Task<Result<void>> copy(Session& session, const CopyWish& wish);

}  // namespace holdfast::cli
