// CopyObject: another name for the same content, without moving a byte of it.
#include "gateway/s3/copy_source.h"
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/verbs.h"

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

struct Directives {
  bool replaces_metadata = false;
  catalog::Fields fields;  // Of the request.
  std::optional<ChecksumKind> checksum;
};

Outcome<Directives> read_directives(const Call& call) {
  Directives directives;
  const auto directive = call.header("x-amz-metadata-directive");
  if (!directive.empty() && directive != "COPY" && directive != "REPLACE") {
    return refuse(
        invalid_argument("Unknown metadata directive.", "x-amz-metadata-directive", directive));
  }
  directives.replaces_metadata = directive == "REPLACE";
  // Too much metadata is refused even where it would not be used.
  TRY_LET(directives.fields, read_fields(call));
  const auto algorithm = call.header("x-amz-checksum-algorithm");
  if (!algorithm.empty()) {
    TRY_LET(directives.checksum, parse_checksum_kind(algorithm));
  }
  return directives;
}

Outcome<void> check_source(const Call& call, const CopySource& source, const Directives& directives,
                           std::uint64_t size) {
  if (source.bucket() == call.bucket() && source.key() == call.key() &&
      !directives.replaces_metadata && !find_field(directives.fields, redirect_field)) {
    return refuse(
        Code::invalid_request,
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's metadata, storage class, website redirect location or encryption "
        "attributes.");
  }
  if (size > catalog::part_bytes_max) {
    return refuse(Code::invalid_request,
                  fmt::format("The specified copy source is larger than the maximum allowable "
                              "size for a copy source: {}",
                              catalog::part_bytes_max));
  }
  return {};
}

catalog::Fields make_fields(catalog::Fields fields, const Directives& directives) {
  if (directives.replaces_metadata) return directives.fields;
  std::erase_if(fields, [](const auto& field) { return field.first == redirect_field; });
  if (const auto redirect = find_field(directives.fields, redirect_field)) {
    fields.emplace_back(redirect_field, *redirect);
  }
  return fields;
}

// A copy is one piece, so its checksum is over all of it; made anew only where the source's is not
// of that form or kind.
Task<Outcome<Checksum>> make_checksum(Call& call, const CopySource& source,
                                      const catalog::ObjectInfo& seen,
                                      std::optional<ChecksumKind> wanted) {
  auto kept = checksum_of(seen.fields);
  const bool is_whole = checksum_form_of(seen.fields) == ChecksumForm::full_object;
  if (kept && is_whole && wanted.value_or(kept->kind) == kept->kind) co_return *kept;
  const auto kind = wanted ? *wanted : kept ? kept->kind : ChecksumKind::crc64nvme;
  const auto choose = [&](const catalog::ObjectInfo& now) -> Result<catalog::ByteRange> {
    TRY(source.pinned(seen).condition(&now));
    return catalog::ByteRange{.offset = 0, .size = now.size};
  };
  auto object = co_await call.services.catalog.get(source.bucket_id(), source.key(), choose);
  if (!object) co_return refuse(about_key(object.error(), source.key()));
  CO_TRY_LET(Digests digests,
             co_await digest(call.services, *object->body, ETagKind::blake3, kind));
  co_return std::move(digests.checksum);
}

Task<Outcome<catalog::ObjectInfo>> copy_once(Call& call, CopySource& source,
                                             const Directives& directives, WriteGuard& guard,
                                             catalog::BucketId bucket) {
  CO_TRY_LET(const catalog::ObjectInfo seen, co_await source.look_up(call));
  CO_TRY(check_source(call, source, directives, seen.size));
  catalog::Attributes attributes{.etag = seen.etag,
                                 .modified = call.services.clock.wall_now(),
                                 .fields = make_fields(seen.fields, directives)};
  CO_TRY_LET(const Checksum checksum,
             co_await make_checksum(call, source, seen, directives.checksum));
  set_checksum(attributes.fields, checksum, ChecksumForm::full_object);
  auto copied = co_await call.services.catalog.copy(source.pinned(seen), bucket, call.key(),
                                                    std::move(attributes), guard.condition());
  if (!copied) co_return refuse(guard.explain(copied.error()));
  co_return *std::move(copied);
}

}  // namespace

Task<Outcome<void>> copy_object(Call& call) {
  CO_TRY_LET(CopySource source, CopySource::create(call));
  CO_TRY_LET(const Directives directives, read_directives(call));
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  const auto now = call.services.clock.wall_now();
  WriteGuard guard(Conditions::read(call.request().headers, "", now));
  auto copied = co_await copy_once(call, source, directives, guard, bucket.id);
  for (int attempt = 1; source.has_moved() && attempt < copy_attempts_max; ++attempt) {
    source.forget();
    copied = co_await copy_once(call, source, directives, guard, bucket.id);
  }
  if (!copied) co_return refuse(std::move(copied).error());
  XmlWriter writer("CopyObjectResult");
  writer.element("LastModified", format_iso_time(copied->modified));
  writer.element("ETag", quote(copied->etag));
  if (const auto checksum = checksum_of(copied->fields)) {
    add_checksum_element(writer, *checksum);
    writer.element("ChecksumType", name_of(checksum_form_of(copied->fields)));
  }
  co_return co_await call.respond_xml(std::move(writer));
}

}  // namespace holdfast::s3
