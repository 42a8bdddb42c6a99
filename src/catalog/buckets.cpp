#include "catalog/buckets.h"

#include "catalog/lock_names.h"
#include "catalog/lookup.h"
#include "catalog/names.h"

#include <fmt/format.h>

#include <utility>

namespace holdfast::catalog {

Task<Result<Bucket>> Buckets::create(std::string name, UserId owner, Fields settings) {
  if (name.empty() || name.size() > name_bytes_max || name.contains('\0')) {
    co_return fail(ErrorCode::invalid, "a bucket's name has 1 to 255 bytes, none of them 0");
  }
  CO_TRY(check_fields(settings, settings_bytes_max));
  const auto excluding = co_await state_.locks.exclude(bucket_name_lock(name));
  CO_TRY_LET(const auto existing, co_await read(name));
  if (existing) {
    co_return state_.refuse(ErrorCode::already_exists, fmt::format("bucket {} exists", name));
  }
  Bucket bucket{.id = 0,
                .name = std::move(name),
                .owner = owner,
                .created = state_.clock.wall_now(),
                .settings = std::move(settings)};
  CO_TRY_LET(bucket.id, co_await state_.numbers.next());
  vault::Record record;
  record.put(settings_family, bucket_key(bucket.name), encode_bucket(bucket));
  record.put(settings_family, bucket_name_key(bucket.id), bucket.name);
  CO_TRY(co_await state_.vault.commit(std::move(record)));
  ++changes_ever_;
  co_return bucket;
}

Task<Result<Bucket>> Buckets::find(std::string name) {
  CO_TRY_LET(auto bucket, co_await read(name));
  CO_TRY(state_.confirm());
  if (!bucket) co_return fail(ErrorCode::not_found, fmt::format("no bucket {}", name));
  co_return *std::move(bucket);
}

Task<Result<void>> Buckets::set(std::string name, Fields settings) {
  CO_TRY(check_fields(settings, settings_bytes_max));
  const auto excluding = co_await state_.locks.exclude(bucket_name_lock(name));
  CO_TRY_LET(auto bucket, co_await read(name));
  if (!bucket) co_return state_.refuse(ErrorCode::not_found, fmt::format("no bucket {}", name));
  forget(*bucket);
  bucket->settings = std::move(settings);
  vault::Record record;
  record.put(settings_family, bucket_key(name), encode_bucket(*bucket));
  CO_TRY(co_await state_.vault.commit(std::move(record)));
  forget(*bucket);
  co_return Result<void>();
}

Task<Result<void>> Buckets::remove(std::string name) {
  const auto excluding_name = co_await state_.locks.exclude(bucket_name_lock(name));
  CO_TRY_LET(const auto bucket, co_await read(name));
  if (!bucket) co_return state_.refuse(ErrorCode::not_found, fmt::format("no bucket {}", name));
  const auto excluding = co_await state_.locks.exclude(bucket_lock(bucket->id));
  CO_TRY_LET(const auto usages, co_await find_usages(state_.table(), {bucket->id}));
  if (usages.front().objects > 0) {
    co_return state_.refuse(ErrorCode::conflict, fmt::format("bucket {} holds {} objects", name,
                                                             usages.front().objects));
  }
  CO_TRY_LET(const bool has_uploads,
             co_await has_rows(state_.table(), uploads_family, number_key(bucket->id)));
  if (has_uploads) {
    co_return state_.refuse(ErrorCode::conflict,
                            fmt::format("bucket {} has uploads in progress", name));
  }
  CO_TRY(co_await state_.directories.remove_empty_tree(bucket->id));
  vault::Record record;
  record.remove(settings_family, bucket_key(name));
  record.remove(settings_family, bucket_name_key(bucket->id));
  record.remove(counts_family, counts_key(bucket->id));
  forget(*bucket);
  CO_TRY(co_await state_.vault.commit(std::move(record)));
  forget(*bucket);
  co_return Result<void>();
}

Task<Result<std::vector<Bucket>>> Buckets::list(std::optional<UserId> owner, std::string prefix,
                                                std::string after, std::size_t count_max) {
  std::vector<Bucket> buckets;
  if (count_max == 0) co_return buckets;
  std::string from = bucket_key(prefix);
  if (!after.empty()) from = std::max(from, bucket_key(after) + '\0');
  Result<void> outcome;
  const auto read_row = [&](std::string_view key, std::string_view value) -> Result<void> {
    TRY_LET(Bucket bucket, decode_bucket(key, value));
    if (!owner || bucket.owner == *owner) buckets.push_back(std::move(bucket));
    return {};
  };
  const auto visit = [&](std::string_view key, std::string_view value) {
    outcome = read_row(key, value);
    return outcome && buckets.size() < count_max ? env::Visit::next() : env::Visit::stop();
  };
  CO_TRY(co_await state_.table().scan({.family = settings_family,
                                       .from = std::move(from),
                                       .until = after_all_of(bucket_key(prefix)),
                                       .backwards = false,
                                       .snapshot = nullptr},
                                      visit));
  CO_TRY(outcome);
  CO_TRY(state_.confirm());
  co_return buckets;
}

Task<Result<void>> Buckets::require(BucketId bucket) {
  if (known_.contains(bucket)) co_return Result<void>();
  const std::uint64_t changes = changes_ever_;
  CO_TRY_LET(const auto name,
             co_await state_.table().get(settings_family, bucket_name_key(bucket)));
  if (!name) co_return state_.refuse(ErrorCode::not_found, "the bucket is gone");
  if (known_.size() >= cached_max) known_.clear();
  if (changes == changes_ever_) known_.insert(bucket);
  co_return Result<void>();
}

Task<Result<UserId>> Buckets::find_owner(BucketId bucket) {
  CO_TRY_LET(const auto name,
             co_await state_.table().get(settings_family, bucket_name_key(bucket)));
  if (!name) co_return state_.refuse(ErrorCode::not_found, "the bucket is gone");
  CO_TRY_LET(const Bucket found, co_await find(*name));
  co_return found.owner;
}

Task<Result<std::optional<Bucket>>> Buckets::read(std::string name) {
  if (const auto cached = by_name_.find(name); cached != by_name_.end()) co_return cached->second;
  const std::uint64_t changes = changes_ever_;
  CO_TRY_LET(const auto value, co_await state_.table().get(settings_family, bucket_key(name)));
  if (!value) co_return std::nullopt;
  CO_TRY_LET(Bucket bucket, decode_bucket(bucket_key(name), *value));
  if (by_name_.size() >= cached_max) by_name_.clear();
  if (changes == changes_ever_) by_name_.insert_or_assign(std::move(name), bucket);
  co_return bucket;
}

void Buckets::forget(const Bucket& bucket) {
  by_name_.erase(bucket.name);
  known_.erase(bucket.id);
  ++changes_ever_;
}

}  // namespace holdfast::catalog
