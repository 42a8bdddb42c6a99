#include "cli/commands.h"
#include "cli/copy.h"

#include <memory>

namespace holdfast::cli {

tree::Command mv_command() {
  auto wish = std::make_shared<CopyWish>();
  wish->is_move = true;
  return {.name = "mv",
          .summary = "Move or rename objects",
          .details =
              "Both sides are hf://BUCKET/KEY. Within a bucket each object moves at once; "
              "into another one it is copied, which moves no content, and then removed.",
          .arguments = {{.name = "SOURCE",
                         .help = "What to move",
                         .target = &wish->sources,
                         .completes = tree::Completes::bucket},
                        {.name = "TARGET",
                         .help = "Where to",
                         .target = &wish->target,
                         .completes = tree::Completes::bucket}},
          .options = copy_options(*wish),
          .examples = {{"holdfast mv hf://notes/a.txt hf://notes/b.txt", "Renames an object"},
                       {"holdfast mv -r hf://photos/tmp hf://photos/2026", "Renames a folder"}},
          .run = [wish](Session& session) { return copy(session, *wish); },
          .synonyms = {"move", "rename", "ren"}};
}

}  // namespace holdfast::cli
