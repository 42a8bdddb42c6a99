#include "catalog/walk.h"

#include "base/check.h"
#include "catalog/lookup.h"

#include <algorithm>
#include <utility>

namespace holdfast::catalog {
namespace {

// After all rows of `name`, of any commit.
std::string row_after(DirectoryId directory, std::string_view name) {
  return name_key(directory, name) + '\1';
}

// What a scan makes of rows, on whatever thread it runs.
template <class Entry>
struct RunReader {
  std::size_t count_max;
  std::size_t bytes_max;
  std::deque<Entry>& into;
  std::size_t count = 0;
  std::size_t bytes = 0;
  std::string last_name = {};
  bool is_full = false;
  Result<void> outcome = {};

  env::Visit take(std::string_view row_key, std::string_view value) {
    outcome = read(row_key, value);
    if (!outcome) return env::Visit::stop();
    is_full = count >= count_max || bytes >= bytes_max;
    return is_full ? env::Visit::stop() : env::Visit::next();
  }

  Result<void> read(std::string_view row_key, std::string_view value) {
    TRY_LET(const NameKey key, decode_name_key(row_key));
    // Rows of earlier commits follow the newest one.
    if (count > 0 && key.name == last_name) return {};
    TRY_LET(auto row, decode_name_summary(value));
    if (auto* info = std::get_if<ObjectInfo>(&row)) info->version = key.sequence;
    into.push_back({.name = std::string(key.name), .row = std::move(row), .below = {}});
    last_name = key.name;
    ++count;
    bytes += row_key.size() + value.size();
    return {};
  }
};

}  // namespace

Walk::Walk(env::Table& table, Directories& directories, Options options)
    : table_(table),
      directories_(directories),
      options_(std::move(options)),
      base_(directory_of(options_.prefix)) {}

Task<Result<void>> Walk::seek(std::string from) {
  levels_.clear();
  const std::string& prefix = options_.prefix;
  if (from < prefix) from = prefix;
  if (!from.starts_with(prefix)) co_return Result<void>();
  CO_TRY_LET(const auto found, co_await directories_.find(options_.bucket, base_));
  if (!found) co_return Result<void>();

  path_ = base_;
  DirectoryId directory = *found;
  const auto until =
      after_all_of(name_key(directory, std::string_view(prefix).substr(base_.size())));
  levels_.push_back({.directory = directory,
                     .path_size = base_.size(),
                     .from = {},
                     .until = until.value_or(number_key(directory + 1))});
  std::string_view rest = std::string_view(from).substr(base_.size());
  for (;;) {
    const std::size_t slash = rest.find('/');
    levels_.back().from = name_key(directory, rest);
    if (slash == std::string_view::npos) break;
    const std::string_view name = rest.substr(0, slash + 1);
    levels_.back().from = name_key(directory, name);
    CO_TRY_LET(const auto child, co_await directories_.find_child(directory, name));
    if (!child) break;
    levels_.back().from = row_after(directory, name);
    enter(*child, name);
    directory = *child;
    rest.remove_prefix(name.size());
  }
  co_return Result<void>();
}

Task<Result<std::optional<Walk::Item>>> Walk::next() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    const bool at_base = levels_.size() == 1;
    if (level.ahead.empty()) {
      if (level.is_read) {
        levels_.pop_back();
        if (!levels_.empty()) path_.resize(levels_.back().path_size);
      } else {
        CO_TRY(co_await read_run(level, options_.is_flat && at_base));
      }
      continue;
    }
    Entry entry = std::move(level.ahead.front());
    level.ahead.pop_front();
    if (auto* info = std::get_if<ObjectInfo>(&entry.row)) {
      if (options_.is_flat && !at_base) {
        // The walk began inside a directory: there is something in it, and that is all to know.
        const std::size_t border = path_.find('/', base_.size()) + 1;
        path_.resize(border);
        Item item{.key = path_, .object = std::nullopt, .below = {}};
        levels_.resize(1);
        path_.resize(base_.size());
        co_return item;
      }
      info->key = path_ + entry.name;
      co_return Item{.key = info->key, .object = std::move(*info), .below = {}};
    }
    if (options_.is_flat && at_base) {
      co_return Item{.key = path_ + entry.name, .object = std::nullopt, .below = entry.below};
    }
    enter(std::get<DirectoryRow>(entry.row).id, entry.name);
    bound_held();
  }
  co_return std::nullopt;
}

Task<Result<void>> Walk::read_run(Level& level, bool with_usage) {
  RunReader<Entry> reader{
      .count_max = std::clamp<std::size_t>(options_.count_hint, 16, run_count_max),
      .bytes_max = run_bytes_max,
      .into = level.ahead};
  env::ScanRange range{.family = names_family,
                       .from = level.from,
                       .until = level.until,
                       .backwards = false,
                       .snapshot = nullptr};
  CO_TRY(co_await table_.scan(
      std::move(range),
      [&reader](std::string_view key, std::string_view value) { return reader.take(key, value); }));
  if (!reader.outcome) {
    co_return std::unexpected(std::move(reader.outcome).error().within("list"));
  }
  level.is_read = !reader.is_full;
  if (reader.count > 0) level.from = row_after(level.directory, reader.last_name);
  if (with_usage) {
    CO_TRY(co_await drop_empty(level));
  }
  co_return Result<void>();
}

Task<Result<void>> Walk::drop_empty(Level& level) {
  std::vector<DirectoryId> directories;
  for (const Entry& entry : level.ahead) {
    if (const auto* row = std::get_if<DirectoryRow>(&entry.row)) directories.push_back(row->id);
  }
  if (directories.empty()) co_return Result<void>();
  CO_TRY_LET(const auto usages, co_await find_usages(table_, std::move(directories)));
  auto usage = usages.begin();
  for (Entry& entry : level.ahead) {
    if (std::holds_alternative<DirectoryRow>(entry.row)) entry.below = *usage++;
  }
  const auto is_empty = [&](const Entry& entry) {
    if (!std::holds_alternative<DirectoryRow>(entry.row) || entry.below.objects > 0) return false;
    directories_.note_emptied(options_.bucket, base_ + entry.name);
    return true;
  };
  std::erase_if(level.ahead, is_empty);
  co_return Result<void>();
}

void Walk::enter(DirectoryId directory, std::string_view name) {
  path_ += name;
  levels_.push_back({.directory = directory,
                     .path_size = path_.size(),
                     .from = number_key(directory),
                     .until = number_key(directory + 1)});
}

void Walk::bound_held() {
  std::size_t held = 0;
  for (const Level& level : levels_) held += level.ahead.size();
  // What lies far up is wanted last: read it again then.
  for (Level& level : levels_) {
    if (held <= held_count_max) return;
    if (level.ahead.empty()) continue;
    held -= level.ahead.size();
    level.from = name_key(level.directory, level.ahead.front().name);
    level.ahead.clear();
    level.is_read = false;
  }
}

}  // namespace holdfast::catalog
