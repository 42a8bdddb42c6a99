// PutObject: an object out of one body.
#include "gateway/s3/metadata.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

// The checksum that the client sends, else the one that it names, as MinIO's clients do, else the
// one that S3 makes unasked.
Outcome<ChecksumKind> choose_kind(const Call& call, const BodyClaim& claim) {
  if (const auto kind = claim.kind()) return *kind;
  const auto name = call.header("x-amz-checksum-algorithm");
  if (name.empty()) return ChecksumKind::crc64nvme;
  return parse_checksum_kind(name);
}

}  // namespace

Task<Outcome<void>> put_object(Call& call) {
  const auto now = call.services.clock.wall_now();
  auto conditions = Conditions::read(call.request().headers, "", now);
  // Combinations that can never hold are refused before the body comes.
  if (auto judged = judge_write(conditions, std::nullopt);
      !judged && judged.error().code() == Code::not_implemented) {
    co_return refuse(judged.error());
  }
  CO_TRY_LET(catalog::Fields fields, read_fields(call));
  CO_TRY_LET(BodyClaim claim, read_claim(call, catalog::part_bytes_max));
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  CO_TRY_LET(const ChecksumKind kind, choose_kind(call, claim));
  CO_TRY_LET(Received received, co_await receive(call, bucket, std::move(claim), kind));
  set_checksum(fields, received.checksum, ChecksumForm::full_object);

  WriteGuard guard(std::move(conditions));
  catalog::Attributes attributes{.etag = std::move(received.etag),
                                 .modified = call.services.clock.wall_now(),
                                 .fields = std::move(fields)};
  auto put = co_await call.services.catalog.put(bucket.id, call.key(), std::move(received.content),
                                                std::move(attributes), guard.condition());
  if (!put) co_return refuse(guard.explain(put.error()));
  net::ResponseHead head;
  head.headers.add("ETag", quote(put->etag));
  head.headers.add("x-amz-object-size", std::to_string(put->size));
  add_checksum_headers(head.headers, received.checksum, ChecksumForm::full_object);
  co_return co_await call.respond(std::move(head), {});
}

}  // namespace holdfast::s3
