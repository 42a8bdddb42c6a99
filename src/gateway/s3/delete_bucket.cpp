// DeleteBucket: an empty one.
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {

Task<Outcome<void>> delete_bucket(Call& call) {
  CO_TRY(co_await call.open_bucket());
  auto removed = co_await call.services.catalog.remove_bucket(call.bucket());
  if (!removed) {
    const auto code = removed.error().code();
    if (code == ErrorCode::conflict) {
      co_return refuse(S3Error(Code::bucket_not_empty).with("BucketName", call.bucket()));
    }
    if (code == ErrorCode::not_found) {
      co_return refuse(S3Error(Code::no_such_bucket).with("BucketName", call.bucket()));
    }
    co_return refuse(S3Error(removed.error()));
  }
  co_return co_await call.respond_empty(204);
}

}  // namespace holdfast::s3
