#include "cli/commands.h"
#include "cli/session/format.h"
#include "cli/session/place.h"
#include "cli/session/transfer.h"
#include "cli/sync_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace holdfast::cli {
namespace {

std::string summary(const SyncCounts& counts, Duration elapsed, std::string_view verb) {
  std::string text = fmt::format("{} {} ({})", verb, count_of(counts.moved, "file", "files"),
                                 format_bytes(counts.bytes));
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (counts.bytes > 0 && seconds > 0) {
    const double rate = static_cast<double>(counts.bytes) / seconds;
    text += fmt::format(" in {}, {}/s", format_duration(elapsed),
                        format_bytes(static_cast<std::uint64_t>(rate)));
  }
  text += fmt::format("; {} already the same", format_count(counts.same));
  if (counts.removed > 0) text += fmt::format("; {} removed", format_count(counts.removed));
  return text + ".\n";
}

Task<Result<void>> sync(Session& session, const SyncWish& wish) {
  CO_TRY_LET(const Place from, parse_place(wish.from));
  CO_TRY_LET(const Place to, parse_place(wish.to));
  if (from.is_remote == to.is_remote) {
    co_return fail(ErrorCode::invalid,
                   from.is_remote
                       ? "sync is between a folder here and hf://BUCKET/PATH. To copy there: "
                         "holdfast cp -r"
                       : "One side must be in Holdfast: hf://BUCKET/PATH.");
  }
  CO_TRY_LET(NodeClient * node, session.node());
  Transfer transfer(session, *node, wish.transfer);
  SyncRun run(session, *node, wish, transfer);
  const auto compared = co_await run.compare(from, to);
  co_await transfer.finish();
  if (!compared) co_return std::unexpected(compared.error());
  if (wish.transfer.is_dry || wish.transfer.is_quiet) co_return Result<void>();
  co_return session.terminal().print(summary(run.counts(transfer), transfer.progress().elapsed(),
                                             to.is_remote ? "Uploaded" : "Downloaded"));
}

}  // namespace

tree::Command sync_command() {
  auto wish = std::make_shared<SyncWish>();
  tree::Command command{
      .name = "sync",
      .summary = "Make one side the same as the other, moving only what differs",
      .details =
          "A file is taken to be the same if its size and time of change are. The time is kept "
          "with "
          "the object. Objects that came over S3 without one are taken to be the same if they are "
          "newer than the file.",
      .arguments = {{.name = "SOURCE",
                     .help = "A folder here, or hf://BUCKET/PATH",
                     .target = &wish->from,
                     .completes = tree::Completes::place},
                    {.name = "TARGET",
                     .help = "The other side",
                     .target = &wish->to,
                     .completes = tree::Completes::place}},
      .options = {{.name = "delete",
                   .help = "Remove from the target what the source does not have",
                   .target = &wish->is_deleting},
                  {.name = "checksum",
                   .letter = 'c',
                   .help = "Compare contents, by ETag, instead of times",
                   .target = &wish->is_checking},
                  {.name = "follow-links",
                   .help = "Take what symbolic links lead to; they are left out otherwise",
                   .target = &wish->is_following}},
      .examples = {{"holdfast sync ~/Pictures hf://photos/", "Stores what is new or changed"},
                   {"holdfast sync --delete hf://photos/ ~/Pictures",
                    "Brings a folder to what is stored"}},
      .run = [wish](Session& session) { return sync(session, *wish); },
      .synonyms = {"mirror", "backup", "rsync"}};
  std::ranges::move(transfer_options(wish->transfer), std::back_inserter(command.options));
  return command;
}

}  // namespace holdfast::cli
