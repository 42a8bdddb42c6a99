// Directories turns keys into places: the chain of directories that a key lies in, and its name in
// the last of them. Directories are made with the first object in them, in the same record, and
// removed some time after the last one is gone.
//
// Invariants:
//   - While a bucket is locked (shared or not), no other task removes or renames its directories,
//   so
//     a place found under the lock stays valid.
//   - The cache holds nothing that a removal or rename made wrong: whoever does that excludes
//   changes
//     of the bucket, and lookups of that time are not cached.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/locks.h"
#include "catalog/numbers.h"
#include "catalog/rows.h"
#include "vault/vault.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace holdfast::catalog {

// Splits after the last '/': "a/b/c" is "c" in "a/b/".
std::string_view directory_of(std::string_view key);
std::string_view name_of(std::string_view key);

struct Place {
  std::vector<DirectoryId> chain;  // From the bucket's root down to the directory.
  std::string name;

  DirectoryId parent() const { return chain.back(); }
};

class Directories {
 public:
  static constexpr std::size_t cached_max = 64 * 1024;  // In each of two generations.
  static constexpr std::size_t emptied_max = 4096;      // Noted for removal; more are forgotten.
  static constexpr std::size_t emptied_many = 256;      // Worth a sweep.

  Directories(vault::Vault& vault, Numbers& numbers, Locks& locks)
      : vault_(vault), numbers_(numbers), locks_(locks) {}

  // `path` is empty or ends with '/'. Nothing if there is no such directory.
  Task<Result<std::optional<DirectoryId>>> find(BucketId bucket, std::string_view path);
  Task<Result<std::optional<DirectoryId>>> find_child(DirectoryId parent, std::string_view name);

  Task<Result<std::optional<Place>>> find_place(BucketId bucket, std::string_view key);

  // The place of `key`, with the directories that it still needs. Hold it until the record is
  // committed, then call keep().
  struct MadePlace {
    Place place;
    bool is_new = false;  // The directory is made by this record: nothing is in it.
    Locks::Hold making;
    std::vector<std::pair<std::string, DirectoryId>> made;
  };
  Task<Result<MadePlace>> make_place(BucketId bucket, std::string_view key, vault::Record& record);
  void keep(const MadePlace& made);

  // Adds to what is counted in each directory of the chain.
  static void count(vault::Record& record, const std::vector<DirectoryId>& chain,
                    std::int64_t objects, std::int64_t bytes);

  // From construction to destruction, directories of a bucket that the caller excluded changes of
  // may vanish or move; forget() each.
  class Restructuring {
   public:
    explicit Restructuring(Directories& directories);
    ~Restructuring();
    Restructuring(const Restructuring&) = delete;
    Restructuring& operator=(const Restructuring&) = delete;
    void forget(DirectoryId parent, std::string_view name);

   private:
    Directories& directories_;
  };

  // Says that the directory may be empty now.
  void note_emptied(BucketId bucket, std::string_view path);
  bool is_sweep_due() const { return emptied_.size() >= emptied_many && !is_sweeping_; }
  // Removes those noted that are empty. No lock may be held.
  Task<Result<void>> sweep();

  // Removes what is below `directory`, which holds no object, with changes of the bucket excluded.
  Task<Result<void>> remove_empty_tree(DirectoryId directory);

 private:
  using Cache = std::unordered_map<std::string, DirectoryId>;

  std::optional<DirectoryId> find_cached(const std::string& key);
  void remember(std::string key, DirectoryId id);
  Task<Result<void>> keep_empty(BucketId bucket, std::vector<std::string>& paths);
  Task<Result<void>> sweep_bucket(BucketId bucket, std::vector<std::string> paths);
  Task<Result<bool>> is_bare(DirectoryId directory, const std::set<std::string>& removed);

  vault::Vault& vault_;
  Numbers& numbers_;
  Locks& locks_;
  Cache young_;
  Cache old_;
  std::uint64_t restructurings_ever_ = 0;
  std::size_t restructurings_now_ = 0;
  std::set<std::pair<BucketId, std::string>> emptied_;
  bool is_sweeping_ = false;
};

}  // namespace holdfast::catalog
