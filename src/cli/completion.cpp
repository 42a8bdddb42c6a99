#include "cli/tree/completion.h"

#include "cli/commands.h"

#include <memory>

namespace holdfast::cli {
namespace {

using Writer = std::string (*)(const tree::Command&);

Task<Result<void>> show(Session& session, Writer writer) {
  co_return session.terminal().print(writer(session.root()));
}

tree::Command shell(const std::string& name, const std::string& how, Writer writer) {
  return {.name = name,
          .summary = "Print the script for " + name,
          .examples = {{how, "Completes commands from now on"}},
          .run = [writer](Session& session) { return show(session, writer); }};
}

}  // namespace

tree::Command completion_command() {
  return {.name = "completion",
          .summary = "Print a script that makes a shell complete commands",
          .children = {
              shell("bash", "source <(holdfast completion bash)", tree::bash_completion),
              shell("zsh", "holdfast completion zsh > ~/.zfunc/_holdfast", tree::zsh_completion),
              shell("fish", "holdfast completion fish > ~/.config/fish/completions/holdfast.fish",
                    tree::fish_completion)}};
}

}  // namespace holdfast::cli
