// Buckets, and what they take up.
#include "catalog/catalog.h"
#include "gateway/s3/protocol/names.h"
#include "node/api.h"

#include <fmt/format.h>

namespace holdfast::node {
namespace {

constexpr std::size_t buckets_a_page = 1000;

Error no_bucket(std::string_view name) {
  return {ErrorCode::not_found,
          fmt::format("There is no bucket {}. `holdfast bucket list` names them all.", name)};
}

Task<Result<BucketReport>> report(Services& services, catalog::Bucket bucket) {
  BucketReport report{.name = bucket.name,
                      .owner = {},
                      .created = bucket.created,
                      .settings = std::move(bucket.settings)};
  if (const auto owner = co_await services.users.find(bucket.owner)) report.owner = owner->name;
  CO_TRY_LET(const catalog::Usage usage,
             co_await services.catalog.bucket_usage(bucket.id, std::string()));
  report.objects = usage.objects;
  report.bytes = usage.bytes;
  co_return report;
}

// The one who owns what is made without naming an owner: the first administrator.
Task<Result<catalog::User>> standard_owner(Services& services) {
  CO_TRY_LET(const auto users, co_await services.users.list());
  const catalog::User* first = nullptr;
  for (const catalog::User& user : users) {
    if (user.is_admin && (first == nullptr || user.id < first->id)) first = &user;
  }
  if (first == nullptr) {
    co_return fail(ErrorCode::not_found,
                   "There is no administrator. Make one: holdfast user create NAME --admin");
  }
  co_return *first;
}

Task<Result<catalog::User>> find_owner(Services& services, std::string name) {
  auto user = co_await services.users.find(name);
  if (!user && user.error().code() == ErrorCode::not_found)
    co_return std::unexpected(no_user(name));
  co_return user;
}

}  // namespace

Task<Result<void>> list_buckets(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  std::optional<catalog::UserId> owner;
  if (const std::string name = call.query("owner"); !name.empty()) {
    CO_TRY_LET(const catalog::User user, co_await find_owner(*services, name));
    owner = user.id;
  }
  BucketList list;
  std::string after;
  for (;;) {
    CO_TRY_LET(auto page, co_await services->catalog.list_buckets(owner, call.query("prefix"),
                                                                  after, buckets_a_page));
    for (catalog::Bucket& bucket : page) {
      after = bucket.name;
      CO_TRY_LET(BucketReport row, co_await report(*services, std::move(bucket)));
      list.buckets.push_back(std::move(row));
    }
    if (page.size() < buckets_a_page) break;
  }
  co_return co_await call.answer(list);
}

Task<Result<void>> show_bucket(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  auto bucket = co_await services->catalog.find_bucket(call.name());
  if (!bucket && bucket.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_bucket(call.name()));
  }
  CO_TRY_LET(catalog::Bucket found, std::move(bucket));
  CO_TRY_LET(const BucketReport row, co_await report(*services, std::move(found)));
  co_return co_await call.answer(row);
}

Task<Result<void>> create_bucket(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(BucketWish wish, co_await call.read<BucketWish>());
  if (!s3::check_bucket_name(call.name())) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("{} is no name for a bucket. Take 3 to 63 of a-z, 0-9, '-' and '.', "
                               "beginning and ending with a letter or digit.",
                               call.name()));
  }
  auto owner = wish.owner.empty() ? co_await standard_owner(*services)
                                  : co_await find_owner(*services, wish.owner);
  if (!owner) co_return std::unexpected(std::move(owner).error());
  auto made =
      co_await services->catalog.create_bucket(call.name(), owner->id, std::move(wish.settings));
  if (!made && made.error().code() == ErrorCode::already_exists) {
    co_return fail(ErrorCode::already_exists,
                   fmt::format("There is a bucket {} already. Choose another name.", call.name()));
  }
  CO_TRY_LET(catalog::Bucket bucket, std::move(made));
  CO_TRY_LET(const BucketReport row, co_await report(*services, std::move(bucket)));
  co_return co_await call.answer(row, 201);
}

Task<Result<void>> remove_bucket(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  auto removed = co_await services->catalog.remove_bucket(call.name());
  if (!removed && removed.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_bucket(call.name()));
  }
  if (!removed && removed.error().code() == ErrorCode::conflict) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("The bucket {0} is not empty. `holdfast rm -r hf://{0}/` removes "
                               "everything in it.",
                               call.name()));
  }
  CO_TRY(std::move(removed));
  co_return co_await call.answer();
}

Task<Result<void>> show_usage(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  UsageReport usage;
  if (const std::string name = call.query("bucket"); !name.empty()) {
    auto bucket = co_await services->catalog.find_bucket(name);
    if (!bucket && bucket.error().code() == ErrorCode::not_found) {
      co_return std::unexpected(no_bucket(name));
    }
    CO_TRY_LET(const catalog::Bucket found, std::move(bucket));
    CO_TRY_LET(const catalog::Usage part,
               co_await services->catalog.bucket_usage(found.id, call.query("prefix")));
    usage.objects = part.objects;
    usage.logical_bytes = part.bytes;
    co_return co_await call.answer(usage);
  }
  std::string after;
  for (;;) {
    CO_TRY_LET(const auto page, co_await services->catalog.list_buckets(std::nullopt, std::string(),
                                                                        after, buckets_a_page));
    for (const catalog::Bucket& bucket : page) {
      after = bucket.name;
      CO_TRY_LET(const catalog::Usage part,
                 co_await services->catalog.bucket_usage(bucket.id, std::string()));
      usage.objects += part.objects;
      usage.logical_bytes += part.bytes;
    }
    if (page.size() < buckets_a_page) break;
  }
  CO_TRY_LET(const vault::VaultUsage whole, co_await services->vault.usage());
  usage.unique_bytes = whole.unique_bytes;
  usage.stored_bytes = whole.stored_bytes;
  usage.chunks = whole.chunk_count;
  usage.segments = whole.segment_count;
  co_return co_await call.answer(usage);
}

}  // namespace holdfast::node
