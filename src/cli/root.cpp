#include "cli/commands.h"

namespace holdfast::cli {

tree::Command root_command(CommonOptions& common, bool& wants_version) {
  return {
      .name = "holdfast",
      .summary = "an edge cloud on the machines you own",
      .details =
          "Holdfast stores what you give it once, compressed and encrypted, and gives it "
          "back over S3 and this command. `holdfast up` starts a node; all other commands "
          "ask the node that runs on this machine.\n\n"
          "Places are written hf://BUCKET/KEY; everything else is a file of this machine.",
      .options = {{.name = "data",
                   .value = "DIR",
                   .help = "The node's data folder; without it HOLDFAST_DATA, else "
                           "/var/lib/holdfast for root and ~/.local/share/holdfast for others",
                   .target = &common.data,
                   .completes = tree::Completes::folder},
                  {.name = "version", .help = "Print the version", .target = &wants_version}},
      .examples = {{"holdfast up", "Starts a node that keeps its data in the standard folder"},
                   {"holdfast bucket create photos", "Makes a bucket"},
                   {"holdfast sync ~/Pictures hf://photos/", "Stores a folder"},
                   {"holdfast du", "Tells what is stored, and what it takes up"}},
      .children = {up_command(), status_command(), ls_command(), cp_command(), sync_command(),
                   cat_command(), mv_command(), rm_command(), du_command(), bucket_command(),
                   user_command(), key_command(), vault_command(), config_command(),
                   bench_command(), completion_command(), help_command(), man_command(),
                   version_command()},
  };
}

}  // namespace holdfast::cli
