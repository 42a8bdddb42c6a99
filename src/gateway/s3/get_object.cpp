// GetObject: an object's bytes, or some of them.
#include "gateway/s3/object_read.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

// Once the answer has begun, an error can only cut it short.
Task<Outcome<void>> stream(Call& call, vault::ContentReader& body,
                           std::span<const ByteView> pieces) {
  while (!pieces.empty()) {
    // A peer that went away is no failure of ours.
    if (!co_await call.exchange.write(pieces)) co_return Outcome<void>();
    CO_TRY_LET(pieces, co_await body.read());
  }
  co_return Outcome<void>();
}

}  // namespace

Task<Outcome<void>> get_object(Call& call) {
  CO_TRY_LET(ObjectRead read, ObjectRead::create(call));
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  CO_TRY(co_await read.find_part(call, bucket.id));
  std::optional<S3Error> refusal;
  Range range;
  const auto choose = [&](const catalog::ObjectInfo& object) -> Result<catalog::ByteRange> {
    auto chosen = read.choose(object);
    if (!chosen) {
      refusal = std::move(chosen).error();
      return fail(ErrorCode::invalid, "the range or a condition does not fit");
    }
    range = *chosen;
    return catalog::ByteRange{.offset = range.offset, .size = range.size};
  };
  auto object = co_await call.services.catalog.get(bucket.id, call.key(), choose);
  if (refusal) co_return refuse(*refusal);
  if (!object) co_return refuse(about_key(object.error(), call.key()));
  CO_TRY_LET(net::ResponseHead head, read.make_head(call, object->info, range));
  // What cannot even begin is still told as an error.
  CO_TRY_LET(const auto first, co_await object->body->read());
  if (first.empty()) co_return co_await call.respond(std::move(head), {});
  add_common_headers(head, call.request_id);
  if (!co_await call.exchange.start(std::move(head))) co_return Outcome<void>();
  co_return co_await stream(call, *object->body, first);
}

}  // namespace holdfast::s3
