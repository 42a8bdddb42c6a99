// Buckets by name and number.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/object.h"
#include "catalog/state.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace holdfast::catalog {

class Buckets {
 public:
  static constexpr std::size_t cached_max = 4096;
  static constexpr std::size_t name_bytes_max = 255;
  static constexpr std::size_t settings_bytes_max = 256 * 1024;

  explicit Buckets(State& state) : state_(state) {}

  Task<Result<Bucket>> create(std::string name, UserId owner, Fields settings);
  Task<Result<Bucket>> find(std::string name);
  Task<Result<void>> set(std::string name, Fields settings);
  Task<Result<void>> remove(std::string name);
  Task<Result<std::vector<Bucket>>> list(std::optional<UserId> owner, std::string prefix,
                                         std::string after, std::size_t count_max);

  // `not_found` if there is no such bucket. Under its lock, it stays.
  Task<Result<void>> require(BucketId bucket);

  // Whose dedupe domain new bytes in it belong to.
  Task<Result<UserId>> find_owner(BucketId bucket);

 private:
  Task<Result<std::optional<Bucket>>> read(std::string name);
  void forget(const Bucket& bucket);

  State& state_;
  std::unordered_map<std::string, Bucket> by_name_;
  std::unordered_set<BucketId> known_;
  std::uint64_t changes_ever_ = 0;  // What was read before a change is not cached.
};

}  // namespace holdfast::catalog
