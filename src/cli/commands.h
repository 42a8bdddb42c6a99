// The commands of the program. Each is described, and done, in the file of its name.
#pragma once

#include "cli/session/session.h"
#include "cli/tree/command.h"

namespace holdfast::cli {

tree::Command bench_command();
tree::Command bucket_command();
tree::Command cat_command();
tree::Command completion_command();
tree::Command config_command();
tree::Command cp_command();
tree::Command du_command();
tree::Command help_command();
tree::Command key_command();
tree::Command ls_command();
tree::Command man_command();
tree::Command mv_command();
tree::Command rm_command();
tree::Command status_command();
tree::Command sync_command();
tree::Command up_command();
tree::Command user_command();
tree::Command vault_command();
tree::Command version_command();

// The table of buckets, which several commands show.
Task<Result<void>> show_buckets(Session& session, bool as_json);

// All of them, below the program itself.
tree::Command root_command(CommonOptions& common, bool& wants_version);

}  // namespace holdfast::cli
