// DeleteBucket: one without objects. Uploads in progress do not keep it: they are aborted.
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

S3Error explain(const Call& call, const Error& error) {
  const auto about = [&](Code code) { return S3Error(code).with("BucketName", call.bucket()); };
  if (error.code() == ErrorCode::conflict) return about(Code::bucket_not_empty);
  if (error.code() == ErrorCode::not_found) return about(Code::no_such_bucket);
  return S3Error(error);
}

Task<Outcome<void>> abort_uploads(Call& call, catalog::BucketId bucket) {
  auto& catalog = call.services.catalog;
  while (true) {
    catalog::ListUploadsRequest request;
    request.bucket = bucket;
    CO_TRY_LET(const auto page, co_await catalog.list_uploads(request));
    for (const auto& upload : page.uploads) {
      const auto aborted = co_await catalog.abort_upload(bucket, upload.key, upload.id);
      // Somebody else ended it first.
      if (!aborted && aborted.error().code() != ErrorCode::not_found) {
        co_return refuse(S3Error(aborted.error()));
      }
    }
    if (!page.is_truncated) co_return Outcome<void>();
  }
}

Task<Outcome<bool>> has_objects(Call& call, catalog::BucketId bucket) {
  catalog::ListRequest request;
  request.bucket = bucket;
  request.count_max = 1;
  CO_TRY_LET(const auto page, co_await call.services.catalog.list(request));
  co_return !page.objects.empty();
}

}  // namespace

Task<Outcome<void>> delete_bucket(Call& call) {
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  auto removed = co_await call.services.catalog.remove_bucket(call.bucket());
  if (!removed && removed.error().code() == ErrorCode::conflict) {
    CO_TRY_LET(const bool is_used, co_await has_objects(call, bucket.id));
    if (is_used) co_return refuse(explain(call, removed.error()));
    CO_TRY(co_await abort_uploads(call, bucket.id));
    removed = co_await call.services.catalog.remove_bucket(call.bucket());
  }
  if (!removed) co_return refuse(explain(call, removed.error()));
  co_return co_await call.respond_empty(204);
}

}  // namespace holdfast::s3
