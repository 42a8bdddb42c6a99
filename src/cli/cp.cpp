#include "cli/commands.h"
#include "cli/copy.h"

#include <memory>

namespace holdfast::cli {

tree::Command cp_command() {
  auto wish = std::make_shared<CopyWish>();
  return {
      .name = "cp",
      .summary = "Copy files and objects",
      .details =
          "Either side, or both, may be hf://BUCKET/KEY. A target that ends with '/', or several "
          "sources, make it a folder. A folder is copied with -r, under its own name where the "
          "target is a folder; a source that ends with '/' stands for what is in it.\n\n"
          "As a source, - is standard input; as a target, standard output. Pipes and devices are "
          "read and written like these.",
      .arguments = {{.name = "SOURCE",
                     .help = "What to copy",
                     .target = &wish->sources,
                     .completes = tree::Completes::place},
                    {.name = "TARGET",
                     .help = "Where to",
                     .target = &wish->target,
                     .completes = tree::Completes::place}},
      .options = copy_options(*wish),
      .examples = {{"holdfast cp report.pdf hf://papers/", "Stores a file under its name"},
                   {"holdfast cp -r hf://photos/2026 .", "Fetches a folder"},
                   {"pg_dump shop | holdfast cp - hf://backups/shop.sql", "Stores what is piped"}},
      .run = [wish](Session& session) { return copy(session, *wish); },
      .synonyms = {"copy", "put", "get", "upload", "download"}};
}

}  // namespace holdfast::cli
