// AbortMultipartUpload: the upload and its parts are gone.
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/upload.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {

Task<Outcome<void>> abort_multipart_upload(Call& call) {
  CO_TRY_LET(const Upload upload, co_await open_upload(call));
  const auto started = call.header("x-amz-if-match-initiated-time");
  if (!started.empty()) {
    auto expected = parse_http_time(started);
    if (!expected) expected = parse_iso_time(started);
    // What is yet to come is no statement about an upload, and S3 takes it for none.
    const bool is_past = expected && *expected <= call.services.clock.wall_now();
    if (is_past && whole_seconds(*expected) != whole_seconds(upload.info.started)) {
      co_return refuse(
          S3Error(Code::precondition_failed).with("Condition", "If-Match-Initiated-Time"));
    }
  }
  auto aborted =
      co_await call.services.catalog.abort_upload(upload.bucket.id, call.key(), upload.info.id);
  if (!aborted) co_return refuse(about_upload(aborted.error(), upload.info.id));
  co_return co_await call.respond_empty(204);
}

}  // namespace holdfast::s3
