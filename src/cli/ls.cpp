#include "cli/commands.h"
#include "cli/session/format.h"
#include "cli/session/place.h"
#include "cli/session/remote_list.h"

#include <fmt/format.h>

#include <memory>

namespace holdfast::cli {
namespace {

struct Wish {
  std::string place;
  bool is_recursive = false;
  bool is_exact = false;
  bool json = false;
};

// Prints entries as they come: a listing may be longer than memory.
class Printer {
 public:
  Printer(Session& session, const Wish& wish) : session_(session), wish_(wish) {}

  Result<void> object(const node::ObjectReport& object) {
    ++count_;
    if (wish_.json) {
      static const std::vector<Column> columns{{"key", "", Shows::text},
                                               {"size", "", Shows::bytes},
                                               {"modified", "", Shows::time},
                                               {"etag", "", Shows::text}};
      return item(json_object(columns, {object.key, object.size, object.modified, object.etag}));
    }
    const std::string size =
        wish_.is_exact ? std::to_string(object.size) : format_bytes(object.size);
    return session_.terminal().print(fmt::format("{:>12}  {}  {}\n", size,
                                                 format_time(object.modified),
                                                 session_.terminal().shown(object.key)));
  }

  Result<void> prefix(const std::string& prefix) {
    ++count_;
    if (wish_.json) {
      static const std::vector<Column> columns{{"prefix", "", Shows::text}};
      return item(json_object(columns, {prefix}));
    }
    return session_.terminal().print(
        fmt::format("{:>12}  {:16}  {}\n", "-", "", session_.terminal().shown(prefix)));
  }

  Result<void> end() {
    if (!wish_.json) return {};
    return session_.terminal().print(count_ == 0 ? "[]\n" : "\n]\n");
  }

  std::uint64_t count() const { return count_; }

 private:
  Result<void> item(std::string text) {
    return session_.terminal().print((count_ == 1 ? "[\n  " : ",\n  ") + std::move(text));
  }

  Session& session_;
  const Wish& wish_;
  std::uint64_t count_ = 0;
};

// In byte order, objects and prefixes merged.
Result<void> print_page(Printer& printer, const node::ObjectPage& page) {
  std::size_t next = 0;
  for (const node::ObjectReport& object : page.objects) {
    while (next < page.prefixes.size() && page.prefixes[next] < object.key) {
      TRY(printer.prefix(page.prefixes[next++]));
    }
    TRY(printer.object(object));
  }
  while (next < page.prefixes.size()) {
    TRY(printer.prefix(page.prefixes[next++]));
  }
  return {};
}

Task<Result<void>> print_all(NodeClient& node, RemoteList::Wish wish, Printer& printer) {
  RemoteList list(node, std::move(wish));
  for (;;) {
    CO_TRY_LET(const auto page, co_await list.next());
    if (!page) co_return Result<void>();
    CO_TRY(print_page(printer, *page));
  }
}

Task<Result<void>> show(Session& session, const Wish& wish) {
  if (wish.place.empty()) co_return co_await show_buckets(session, wish.json);
  CO_TRY_LET(const Place place, parse_remote(wish.place));
  CO_TRY_LET(NodeClient * node, session.node());
  const std::string delimiter = wish.is_recursive ? "" : "/";
  Printer printer(session, wish);
  bool is_there = place.is_folder_like();
  if (!is_there) {
    // A name may be an object, a folder, or both.
    auto object = co_await find_object(*node, place.bucket, place.key);
    if (object) {
      CO_TRY(printer.object(*object));
      is_there = true;
    } else if (object.error().code() != ErrorCode::not_found) {
      co_return std::unexpected(std::move(object).error());
    }
  }
  const std::uint64_t before = printer.count();
  CO_TRY(co_await print_all(
      *node, {.bucket = place.bucket, .prefix = as_folder(place.key), .delimiter = delimiter},
      printer));
  if (printer.count() == before && !is_there) {
    co_return fail(ErrorCode::not_found,
                   fmt::format("There is nothing at {0}. `holdfast ls {1}` lists what is there.",
                               to_string(place), place.bucket));
  }
  if (printer.count() == 0 && !wish.json) {
    session.terminal().say(fmt::format("There is nothing at {}.\n", to_string(place)));
  }
  co_return printer.end();
}

}  // namespace

tree::Command ls_command() {
  auto wish = std::make_shared<Wish>();
  return {.name = "ls",
          .summary = "List buckets, or what is in one",
          .arguments = {{.name = "PLACE",
                         .help = "A bucket or a folder in one, hf://BUCKET/KEY (hf:// may be left "
                                 "out); all buckets without it",
                         .target = &wish->place,
                         .is_required = false,
                         .completes = tree::Completes::bucket}},
          .options = {{.name = "recursive",
                       .letter = 'r',
                       .help = "List all that is below, not folder by folder",
                       .target = &wish->is_recursive},
                      {.name = "bytes",
                       .letter = 'b',
                       .help = "Print sizes as plain numbers of bytes",
                       .target = &wish->is_exact},
                      {.name = "json", .help = "Print JSON", .target = &wish->json}},
          .examples = {{"holdfast ls", "Lists buckets"},
                       {"holdfast ls hf://photos/2026/", "Lists one folder of a bucket"}},
          .run = [wish](Session& session) { return show(session, *wish); },
          .synonyms = {"list", "dir", "find"}};
}

}  // namespace holdfast::cli
