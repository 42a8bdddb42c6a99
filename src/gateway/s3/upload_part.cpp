// UploadPart: one part of an upload; a later one of the same number replaces it.
#include "gateway/s3/upload.h"
#include "gateway/s3/verbs.h"

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

// Which checksum the part gets: what the upload was created with, else what the client sends.
Outcome<ChecksumKind> choose_kind(const Upload& upload, const BodyClaim& claim) {
  const auto claimed = claim.kind();
  if (!upload.checksum) return claimed.value_or(ChecksumKind::crc64nvme);
  // The checksum of a composite is made of those that the client vouches for.
  const bool is_needed = upload.form == ChecksumForm::composite;
  if (claimed ? claimed != upload.checksum : is_needed) {
    return refuse(Code::invalid_request,
                  fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual "
                              "checksum Type: {}",
                              name_of(*upload.checksum), claimed ? name_of(*claimed) : "null"));
  }
  return *upload.checksum;
}

}  // namespace

Task<Outcome<void>> upload_part(Call& call) {
  CO_TRY_LET(const std::uint32_t number, read_part_number(call));
  CO_TRY_LET(BodyClaim claim, read_claim(call, catalog::part_bytes_max));
  CO_TRY_LET(const Upload upload, co_await open_upload(call));
  CO_TRY_LET(const ChecksumKind kind, choose_kind(upload, claim));
  const bool tells_checksum = claim.kind().has_value() || upload.checksum.has_value();
  // Where nobody chose a checksum for the object, it gets the one that S3 makes unasked.
  std::optional<ChecksumKind> second;
  if (!upload.checksum && kind != ChecksumKind::crc64nvme) second = ChecksumKind::crc64nvme;
  CO_TRY_LET(Received received,
             co_await receive(call, upload.bucket, std::move(claim), kind, second));
  catalog::Attributes attributes{
      .etag = received.etag, .modified = call.services.clock.wall_now(), .fields = {}};
  set_checksum(attributes.fields, received.checksum, upload.form);
  if (received.second) add_checksum(attributes.fields, *received.second);
  auto part = co_await call.services.catalog.put_part(
      {upload.bucket.id, call.key(), upload.info.id, number}, std::move(received.content),
      std::move(attributes));
  if (!part) co_return refuse(about_upload(part.error(), upload.info.id));
  net::ResponseHead head;
  head.headers.add("ETag", quote(part->etag));
  if (tells_checksum) {
    head.headers.add(std::string(header_of(kind)), received.checksum.value);
  }
  co_return co_await call.respond(std::move(head), {});
}

}  // namespace holdfast::s3
