#include "catalog/directories.h"

#include "base/check.h"
#include "catalog/lock_names.h"
#include "catalog/lookup.h"

#include <algorithm>

namespace holdfast::catalog {
namespace {

constexpr std::size_t removals_per_record = 1024;

// The first component of `path` with its '/', which is there.
std::string_view first_component(std::string_view path) {
  return path.substr(0, path.find('/') + 1);
}

}  // namespace

std::string_view directory_of(std::string_view key) {
  return key.substr(0, key.rfind('/') + 1);
}

std::string_view name_of(std::string_view key) {
  return key.substr(key.rfind('/') + 1);
}

Task<Result<std::optional<DirectoryId>>> Directories::find(BucketId bucket, std::string_view path) {
  DirectoryId directory = bucket;
  while (!path.empty()) {
    const std::string_view name = first_component(path);
    CO_TRY_LET(const auto child, co_await find_child(directory, name));
    if (!child) co_return std::nullopt;
    directory = *child;
    path.remove_prefix(name.size());
  }
  co_return directory;
}

Task<Result<std::optional<DirectoryId>>> Directories::find_child(DirectoryId parent,
                                                                 std::string_view name) {
  std::string key = name_key(parent, name);
  if (const auto cached = find_cached(key)) co_return cached;
  const std::uint64_t restructurings = restructurings_ever_;
  CO_TRY_LET(const auto found, co_await find_name(vault_.table(), parent, name));
  if (!found) co_return std::nullopt;
  const auto* directory = std::get_if<DirectoryRow>(&found->row);
  if (directory == nullptr)
    co_return fail(ErrorCode::corrupt, "an object under a directory's name");
  if (restructurings_now_ == 0 && restructurings == restructurings_ever_) {
    remember(std::move(key), directory->id);
  }
  co_return directory->id;
}

Task<Result<std::optional<Place>>> Directories::find_place(BucketId bucket, std::string_view key) {
  Place place{.chain = {bucket}, .name = std::string(name_of(key))};
  for (std::string_view path = directory_of(key); !path.empty();) {
    const std::string_view name = first_component(path);
    CO_TRY_LET(const auto child, co_await find_child(place.parent(), name));
    if (!child) co_return std::nullopt;
    place.chain.push_back(*child);
    path.remove_prefix(name.size());
  }
  co_return place;
}

Task<Result<Directories::MadePlace>> Directories::make_place(BucketId bucket, std::string_view key,
                                                             vault::Record& record) {
  MadePlace made;
  made.place = {.chain = {bucket}, .name = std::string(name_of(key))};
  for (std::string_view path = directory_of(key); !path.empty();) {
    const std::string_view name = first_component(path);
    const DirectoryId parent = made.place.parent();
    std::optional<DirectoryId> child;
    if (!made.is_new) {
      CO_TRY_LET(child, co_await find_child(parent, name));
      if (!child) {
        // Others may be making it. Below it, nobody can be before us.
        made.making = co_await locks_.exclude(making_lock(parent, name));
        CO_TRY_LET(child, co_await find_child(parent, name));
      }
      if (child) made.making.release();
    }
    if (!child) {
      CO_TRY_LET(child, co_await numbers_.next());
      record.put_stamped(names_family, name_key(parent, name),
                         encode_name_row(DirectoryRow{.id = *child}));
      made.made.emplace_back(name_key(parent, name), *child);
      made.is_new = true;
    }
    made.place.chain.push_back(*child);
    path.remove_prefix(name.size());
  }
  co_return made;
}

void Directories::keep(const MadePlace& made) {
  for (const auto& [key, id] : made.made) remember(key, id);
}

void Directories::count(vault::Record& record, const std::vector<DirectoryId>& chain,
                        std::int64_t objects, std::int64_t bytes) {
  if (objects == 0 && bytes == 0) return;
  for (const DirectoryId directory : chain) {
    record.add(counts_family, counts_key(directory), {objects, bytes});
  }
}

Directories::Restructuring::Restructuring(Directories& directories) : directories_(directories) {
  ++directories_.restructurings_ever_;
  ++directories_.restructurings_now_;
}

Directories::Restructuring::~Restructuring() {
  --directories_.restructurings_now_;
}

void Directories::Restructuring::forget(DirectoryId parent, std::string_view name) {
  const std::string key = name_key(parent, name);
  directories_.young_.erase(key);
  directories_.old_.erase(key);
}

std::optional<DirectoryId> Directories::find_cached(const std::string& key) {
  if (const auto found = young_.find(key); found != young_.end()) return found->second;
  const auto found = old_.find(key);
  if (found == old_.end()) return std::nullopt;
  const DirectoryId id = found->second;
  remember(key, id);
  return id;
}

void Directories::remember(std::string key, DirectoryId id) {
  // What was used since the last turn of generations survives the next one.
  if (young_.size() >= cached_max) old_ = std::exchange(young_, {});
  young_.insert_or_assign(std::move(key), id);
}

void Directories::note_emptied(BucketId bucket, std::string_view path) {
  if (path.empty() || emptied_.size() >= emptied_max) return;
  emptied_.emplace(bucket, path);
}

Task<Result<void>> Directories::sweep() {
  if (is_sweeping_) co_return Result<void>();
  is_sweeping_ = true;
  auto emptied = std::exchange(emptied_, {});
  Result<void> swept;
  while (!emptied.empty() && swept) {
    const BucketId bucket = emptied.begin()->first;
    std::vector<std::string> paths;
    while (!emptied.empty() && emptied.begin()->first == bucket) {
      paths.push_back(std::move(emptied.extract(emptied.begin()).value().second));
    }
    swept = co_await keep_empty(bucket, paths);
    if (swept && !paths.empty()) swept = co_await sweep_bucket(bucket, std::move(paths));
  }
  is_sweeping_ = false;
  co_return swept;
}

// Leaves in `paths` what looks empty, without keeping anybody waiting.
Task<Result<void>> Directories::keep_empty(BucketId bucket, std::vector<std::string>& paths) {
  std::vector<std::string> found;
  std::vector<DirectoryId> directories;
  for (std::string& path : paths) {
    CO_TRY_LET(const auto directory, co_await find(bucket, path));
    if (!directory) continue;
    directories.push_back(*directory);
    found.push_back(std::move(path));
  }
  CO_TRY_LET(const auto usages, co_await find_usages(vault_.table(), std::move(directories)));
  paths.clear();
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (usages[i].objects == 0) paths.push_back(std::move(found[i]));
  }
  co_return Result<void>();
}

Task<Result<void>> Directories::sweep_bucket(BucketId bucket, std::vector<std::string> paths) {
  const auto excluding = co_await locks_.exclude(bucket_lock(bucket));
  Restructuring restructuring(*this);
  vault::Record record;
  std::set<std::string> removed;
  // Deepest first: a directory may be empty once those in it are gone.
  std::ranges::sort(paths, std::greater(), &std::string::size);
  for (const std::string& emptied : paths) {
    for (std::string_view path = emptied; !path.empty();) {
      const std::string_view above = directory_of(path.substr(0, path.size() - 1));
      const std::string_view name = path.substr(above.size());
      CO_TRY_LET(const auto parent, co_await find(bucket, above));
      if (!parent) break;
      CO_TRY_LET(const auto found, co_await find_name(vault_.table(), *parent, name));
      if (!found || removed.contains(found->row_key)) break;
      const DirectoryId id = std::get<DirectoryRow>(found->row).id;
      CO_TRY_LET(const bool bare, co_await is_bare(id, removed));
      if (!bare) break;
      record.remove(names_family, found->row_key);
      record.remove(counts_family, counts_key(id));
      removed.insert(found->row_key);
      restructuring.forget(*parent, name);
      path = above;
    }
  }
  if (record.is_empty()) co_return Result<void>();
  CO_TRY(co_await vault_.commit(std::move(record)));
  // Readers may have cached what was still there.
  for (const std::string& row : removed) {
    const auto key = decode_name_key(row);
    restructuring.forget(key->parent, key->name);
  }
  co_return Result<void>();
}

Task<Result<bool>> Directories::is_bare(DirectoryId directory,
                                        const std::set<std::string>& removed) {
  bool bare = true;
  const auto look = [&](std::string_view key, std::string_view) {
    bare = removed.contains(std::string(key));
    return bare ? env::Visit::next() : env::Visit::stop();
  };
  env::ScanRange range{.family = names_family,
                       .from = number_key(directory),
                       .until = number_key(directory + 1),
                       .backwards = false,
                       .snapshot = nullptr};
  CO_TRY(co_await vault_.table().scan(std::move(range), look));
  co_return bare;
}

Task<Result<void>> Directories::remove_empty_tree(DirectoryId directory) {
  Restructuring restructuring(*this);
  struct Level {
    DirectoryId id;
    std::string row_key;  // Of the directory itself; none for the topmost.
    std::string from;
  };
  std::vector<Level> levels{{directory, {}, number_key(directory)}};
  vault::Record record;
  while (!levels.empty()) {
    Level& level = levels.back();
    std::optional<std::pair<std::string, std::string>> child;
    const auto take_first = [&child](std::string_view key, std::string_view value) {
      child.emplace(key, value);
      return env::Visit::stop();
    };
    env::ScanRange range{.family = names_family,
                         .from = level.from,
                         .until = number_key(level.id + 1),
                         .backwards = false,
                         .snapshot = nullptr};
    CO_TRY(co_await vault_.table().scan(std::move(range), take_first));
    if (child) {
      level.from = child->first + '\0';
      CO_TRY_LET(const NameRow row, decode_name_row(child->second));
      const auto* below = std::get_if<DirectoryRow>(&row);
      if (below == nullptr) {
        co_return fail(ErrorCode::corrupt, "an object in a directory that counts none");
      }
      levels.push_back({below->id, std::move(child->first), number_key(below->id)});
      continue;
    }
    // Children go before their parents, so that a crash in between leaves nothing out of reach.
    if (!level.row_key.empty()) {
      CO_TRY_LET(const NameKey key, decode_name_key(level.row_key));
      restructuring.forget(key.parent, key.name);
      record.remove(names_family, level.row_key);
      record.remove(counts_family, counts_key(level.id));
    }
    levels.pop_back();
    if (record.change_count() >= removals_per_record || (levels.empty() && !record.is_empty())) {
      CO_TRY(co_await vault_.commit(std::exchange(record, {})));
    }
  }
  co_return Result<void>();
}

}  // namespace holdfast::catalog
