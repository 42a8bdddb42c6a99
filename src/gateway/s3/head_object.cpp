// HeadObject: what GetObject would answer, without the bytes.
#include "gateway/s3/object_read.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {

Task<Outcome<void>> head_object(Call& call) {
  CO_TRY_LET(ObjectRead read, ObjectRead::create(call));
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  CO_TRY(co_await read.find_part(call, bucket.id));
  auto object = co_await call.services.catalog.head(bucket.id, call.key());
  if (!object) co_return refuse(about_key(object.error(), call.key()));
  CO_TRY_LET(const Range range, read.choose(*object));
  CO_TRY_LET(net::ResponseHead head, read.make_head(call, *object, range));
  co_return co_await call.respond(std::move(head), {});
}

}  // namespace holdfast::s3
