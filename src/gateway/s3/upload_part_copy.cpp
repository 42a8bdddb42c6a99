// UploadPartCopy: a part out of an object that is there. Its bytes are read once, since a part's
// ETag and checksum are of them; they are not stored again.
#include "gateway/s3/copy_source.h"
#include "gateway/s3/protocol/ranges.h"
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/upload.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

Outcome<Range> choose_range(const Call& call, std::uint64_t size) {
  Range range{0, size};
  const auto header = call.header("x-amz-copy-source-range");
  if (!header.empty()) {
    TRY_LET(range, parse_copy_range(header, size));
  }
  if (range.size > catalog::part_bytes_max) {
    return refuse(S3Error(Code::entity_too_large)
                      .with("ProposedSize", std::to_string(range.size))
                      .with("MaxSizeAllowed", std::to_string(catalog::part_bytes_max)));
  }
  return range;
}

Task<Outcome<catalog::PartInfo>> copy_once(Call& call, CopySource& source, const Upload& upload,
                                           std::uint32_t number) {
  CO_TRY_LET(const catalog::ObjectInfo seen, co_await source.look_up(call));
  CO_TRY_LET(const Range range, choose_range(call, seen.size));
  const auto pinned = source.pinned(seen);
  const auto choose = [&](const catalog::ObjectInfo& now) -> Result<catalog::ByteRange> {
    TRY(pinned.condition(&now));
    return catalog::ByteRange{.offset = range.offset, .size = range.size};
  };
  auto object = co_await call.services.catalog.get(source.bucket_id(), source.key(), choose);
  if (!object) co_return refuse(about_key(object.error(), source.key()));
  const auto kind = upload.checksum.value_or(ChecksumKind::crc64nvme);
  CO_TRY_LET(Digests digests,
             co_await digest(call.services, *object->body, etag_kind_of(upload.bucket), kind));
  catalog::Attributes attributes{
      .etag = std::move(digests.etag), .modified = call.services.clock.wall_now(), .fields = {}};
  set_checksum(attributes.fields, digests.checksum, upload.form);
  auto part = co_await call.services.catalog.copy_part(
      pinned, choose, {upload.bucket.id, call.key(), upload.info.id, number},
      std::move(attributes));
  if (!part) co_return refuse(about_upload(part.error(), upload.info.id));
  co_return *std::move(part);
}

}  // namespace

Task<Outcome<void>> upload_part_copy(Call& call) {
  CO_TRY_LET(const std::uint32_t number, read_part_number(call));
  CO_TRY(co_await call.open_bucket());
  CO_TRY_LET(CopySource source, CopySource::create(call));
  CO_TRY_LET(const Upload upload, co_await open_upload(call));
  auto part = co_await copy_once(call, source, upload, number);
  for (int attempt = 1; source.has_moved() && attempt < copy_attempts_max; ++attempt) {
    source.forget();
    part = co_await copy_once(call, source, upload, number);
  }
  if (!part) co_return refuse(std::move(part).error());
  XmlWriter writer("CopyPartResult");
  writer.element("LastModified", format_iso_time(part->modified));
  writer.element("ETag", quote(part->etag));
  if (const auto checksum = checksum_of(part->fields); checksum && upload.checksum) {
    add_checksum_element(writer, *checksum);
  }
  co_return co_await call.respond_xml(std::move(writer));
}

}  // namespace holdfast::s3
