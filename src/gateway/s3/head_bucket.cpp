// HeadBucket: whether it is there and the caller may use it.
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {

Task<Outcome<void>> head_bucket(Call& call) {
  CO_TRY(co_await call.open_bucket());
  net::ResponseHead head;
  head.headers.add("x-amz-bucket-region", call.services.region);
  head.headers.add("x-amz-access-point-alias", "false");
  head.headers.add("Content-Type", "application/xml");
  co_return co_await call.respond(std::move(head), {});
}

}  // namespace holdfast::s3
