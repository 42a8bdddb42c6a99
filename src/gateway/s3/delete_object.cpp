// DeleteObject: gone afterwards, whether or not it was there.
#include "gateway/s3/object_read.h"

#include "base/number.h"
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

DeleteConditions read_conditions(const Call& call) {
  DeleteConditions conditions;
  if (const auto etag = call.header("if-match"); !etag.empty()) conditions.if_match = etag;
  if (const auto time = call.header("x-amz-if-match-last-modified-time"); !time.empty()) {
    conditions.if_match_modified = parse_http_time(time);
    if (!conditions.if_match_modified) conditions.if_match_modified = parse_iso_time(time);
  }
  if (const auto text = call.header("x-amz-if-match-size"); !text.empty()) {
    conditions.if_match_size = parse_number<std::uint64_t>(text);
  }
  return conditions;
}

}  // namespace

Task<Outcome<void>> delete_object(Call& call) {
  CO_TRY(check_version(call));
  const auto conditions = read_conditions(call);
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  std::optional<S3Error> refusal;
  catalog::Condition condition;
  if (!conditions.is_empty()) {
    condition = [&](const catalog::ObjectInfo* existing) -> Result<void> {
      std::optional<Subject> subject;
      if (existing != nullptr) subject = subject_of(*existing);
      auto judged = judge_delete(conditions, subject);
      if (judged) return {};
      refusal = std::move(judged).error();
      return fail(ErrorCode::conflict, "a condition of the request does not hold");
    };
  }
  auto removed = co_await call.services.catalog.remove(bucket.id, call.key(), std::move(condition));
  if (refusal) co_return refuse(*refusal);
  if (!removed) co_return refuse(about_key(removed.error(), call.key()));
  co_return co_await call.respond_empty(204);
}

}  // namespace holdfast::s3
