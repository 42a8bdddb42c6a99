#include "cli/commands.h"
#include "cli/session/format.h"
#include "cli/session/local_files.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

constexpr std::size_t passphrase_bytes_max = 1024;

struct List {
  bool json = false;
};

Task<Result<void>> list(Session& session, const List& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const auto found, co_await node->get<node::VaultKeyList>(target_of("vault", "keys")));
  Table table({{"kind", "OPENS WITH"}, {"place", "KEPT"}});
  for (const node::VaultKeyReport& key : found.keys) table.add({key.kind, key.place});
  CO_TRY(session.show(table, wish.json, "Nothing opens this vault."));
  if (!wish.json && session.terminal().is_output_shown()) {
    session.terminal().say(
        "\nWrite down the recovery words: without them a lost machine is a lost vault.\n"
        "  holdfast vault keys words\n");
  }
  co_return Result<void>();
}

struct ShowWords {
  bool is_sure = false;
};

Task<Result<void>> show_words(Session& session, const ShowWords& wish) {
  if (!wish.is_sure) {
    if (!session.terminal().can_ask()) {
      co_return fail(ErrorCode::denied,
                     "Recovery words are shown on a terminal only. If nobody looks over your "
                     "shoulder, add --yes.");
    }
    CO_TRY_LET(const bool is_sure,
               session.terminal().confirm("Whoever sees the recovery words can read everything in "
                                          "this vault, for ever.\nShow them now?"));
    if (!is_sure) co_return fail(ErrorCode::denied, "The words were not shown.");
  }
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const auto told,
             (co_await node->ask<node::Words>("POST", target_of("vault", "words"), node::Words())));
  co_return session.terminal().print(told.words + "\n");
}

struct SetPassphrase {
  std::string file;
  bool is_removed = false;
};

// From a file, without the line's end; else asked for, twice where it is new.
Task<Result<std::string>> take_passphrase(Session& session, const std::string& file, bool is_new) {
  if (!file.empty()) {
    CO_TRY_LET(const WholeFile whole, co_await session.workers().call([&file] {
      return read_whole(file, passphrase_bytes_max);
    }));
    std::string text(as_text(whole.content));
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    co_return text;
  }
  if (!session.terminal().can_ask()) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("There is no terminal to ask for the passphrase on. Name a file "
                               "that holds it: {}",
                               is_new ? "--file FILE" : "--passphrase-file FILE"));
  }
  CO_TRY_LET(std::string first, session.terminal().ask_secret("Passphrase:"));
  if (is_new) {
    CO_TRY_LET(const std::string second, session.terminal().ask_secret("The same again:"));
    if (first != second) {
      co_return fail(ErrorCode::invalid, "The two are not the same; nothing was changed.");
    }
  }
  co_return first;
}

Task<Result<void>> set_passphrase(Session& session, const SetPassphrase& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  const std::string target = target_of("vault", "passphrase");
  if (wish.is_removed) {
    CO_TRY(co_await node->tell("DELETE", target));
    co_return session.terminal().print(
        "The passphrase is gone; the key on this machine opens the vault at each start.\n");
  }
  CO_TRY_LET(std::string passphrase, co_await take_passphrase(session, wish.file, true));
  CO_TRY(co_await node->tell("PUT", target, node::Passphrase{std::move(passphrase)}));
  co_return session.terminal().print(
      "The passphrase is set. From the next start on the vault is locked until `holdfast vault "
      "unlock`.\n");
}

struct Unlock {
  std::string file;
};

Task<Result<void>> unlock(Session& session, const Unlock& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const auto status, co_await node->get<node::StatusReport>(target_of("status")));
  if (status.state != node::State::locked) {
    co_return session.terminal().print("The vault is not locked.\n");
  }
  CO_TRY_LET(std::string passphrase, co_await take_passphrase(session, wish.file, false));
  CO_TRY(co_await node->tell("POST", target_of("vault", "unlock"),
                             node::Passphrase{std::move(passphrase)}));
  co_return session.terminal().print("The vault is open.\n");
}

Task<Result<void>> lock(Session& session) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY(co_await node->tell("POST", target_of("vault", "lock")));
  co_return session.terminal().print("The vault is locked, and its keys are forgotten.\n");
}

struct Collect {
  bool json = false;
};

Task<Result<void>> collect(Session& session, const Collect& wish) {
  CO_TRY_LET(NodeClient * node, session.node());
  CO_TRY_LET(const auto freed, (co_await node->ask<node::Freed>(
                                   "POST", target_of("vault", "collect"), node::Freed())));
  if (wish.json) co_return session.terminal().print(node::encode(freed) + "\n");
  co_return session.terminal().print(fmt::format("Freed {}.\n", format_bytes(freed.bytes)));
}

tree::Command words_command() {
  auto wish = std::make_shared<ShowWords>();
  return {.name = "words",
          .summary = "Show the recovery words, to be written down and kept apart",
          .options = {{.name = "yes",
                       .letter = 'y',
                       .help = "Do not ask, and show them without a terminal too",
                       .target = &wish->is_sure}},
          .run = [wish](Session& session) { return show_words(session, *wish); }};
}

tree::Command passphrase_command(bool is_hidden) {
  auto wish = std::make_shared<SetPassphrase>();
  return {.name = "passphrase",
          .summary = "Set or change the passphrase that the vault is unlocked with",
          .details =
              "With a passphrase, the node starts locked, and the key on this machine no "
              "longer opens the vault.",
          .options = {{.name = "file",
                       .value = "FILE",
                       .help = "Take it from a file instead of asking",
                       .target = &wish->file,
                       .completes = tree::Completes::file},
                      {.name = "remove",
                       .help = "Do without one: let the key on this machine open the vault",
                       .target = &wish->is_removed}},
          .examples = {{"holdfast vault passphrase", "Asks for a new passphrase"}},
          .run = [wish](Session& session) { return set_passphrase(session, *wish); },
          .is_hidden = is_hidden};
}

tree::Command keys_command() {
  auto wish = std::make_shared<List>();
  return {.name = "keys",
          .summary = "Show what opens the vault",
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .examples = {{"holdfast vault keys words", "Shows the recovery words"},
                       {"holdfast vault passphrase", "Sets or changes the passphrase"}},
          .children = {words_command(), passphrase_command(true)},
          .run = [wish](Session& session) { return list(session, *wish); }};
}

tree::Command unlock_command() {
  auto wish = std::make_shared<Unlock>();
  return {.name = "unlock",
          .summary = "Open a locked vault with its passphrase",
          .options = {{.name = "passphrase-file",
                       .value = "FILE",
                       .help = "Take the passphrase from a file instead of asking",
                       .target = &wish->file,
                       .completes = tree::Completes::file}},
          .run = [wish](Session& session) { return unlock(session, *wish); },
          .synonyms = {"open"}};
}

tree::Command collect_command() {
  auto wish = std::make_shared<Collect>();
  return {.name = "collect",
          .summary = "Free the room of what was removed, now",
          .options = {{.name = "json", .help = "Print JSON", .target = &wish->json}},
          .run = [wish](Session& session) { return collect(session, *wish); },
          .synonyms = {"gc", "prune"}};
}

}  // namespace

tree::Command vault_command() {
  return {.name = "vault",
          .summary = "Keys, locking and upkeep of the vault that holds everything",
          .children = {
              keys_command(), passphrase_command(false), unlock_command(),
              tree::Command{
                  .name = "lock", .summary = "Close the vault and forget its keys", .run = lock},
              collect_command()}};
}

}  // namespace holdfast::cli
