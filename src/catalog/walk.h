// Walk visits the keys of a bucket in byte order of whole keys: the tree of directories in depth,
// each directory in the order of its rows. It sees each directory as it is when it gets there.
//
// Rows are read ahead in runs. What is held is bounded, however deep the tree and long its rows.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/directories.h"
#include "catalog/rows.h"
#include "env/table.h"

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace holdfast::catalog {

class Walk {
 public:
  static constexpr std::size_t run_count_max = 1024;
  static constexpr std::size_t run_bytes_max = 1 << 20;
  static constexpr std::size_t held_count_max = 4 * run_count_max;

  struct Options {
    BucketId bucket = 0;
    std::string prefix;    // Only keys that begin with it.
    bool is_flat = false;  // Directories where the prefix ends are items, if not empty, and not
                           // gone into.
    std::size_t count_hint = run_count_max;  // So many items will be wanted, roughly.
  };

  struct Item {
    std::string key;                   // Of a directory: ends with '/'.
    std::optional<ObjectInfo> object;  // None: a directory.
    Usage below;                       // Of a directory; not where the walk was set into it.
  };

  Walk(env::Table& table, Directories& directories, Options options);

  // Goes to the first key at or after `from`, ahead or back. Comes before the first next().
  Task<Result<void>> seek(std::string from);

  // Nothing at the end.
  Task<Result<std::optional<Item>>> next();

 private:
  struct Entry {
    std::string name;
    std::variant<ObjectInfo, DirectoryRow> row;
    Usage below;
  };
  struct Level {
    DirectoryId directory = 0;
    std::size_t path_size = 0;  // How much of path_ leads here.
    std::string from;           // Row key to go on with.
    std::string until;
    std::deque<Entry> ahead = {};
    bool is_read = false;  // Nothing comes after `ahead`.
  };

  Task<Result<void>> read_run(Level& level, bool with_usage);
  Task<Result<void>> drop_empty(Level& level);
  void enter(DirectoryId directory, std::string_view name);
  void bound_held();

  env::Table& table_;
  Directories& directories_;
  Options options_;
  std::string base_;  // The prefix up to its last '/'.
  std::string path_;
  std::vector<Level> levels_;
};

}  // namespace holdfast::catalog
