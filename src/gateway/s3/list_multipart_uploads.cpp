// ListMultipartUploads: uploads in progress, by key and then by age.
#include "gateway/s3/listing.h"
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

void write_upload(XmlWriter& writer, const catalog::UploadInfo& upload, bool is_encoded,
                  const catalog::User& owner) {
  writer.open("Upload");
  writer.element("Key", spell(upload.key, is_encoded));
  writer.element("UploadId", upload.id);
  for (const auto element : {"Initiator", "Owner"}) {
    writer.open(element);
    writer.element("ID", owner_id(owner.id));
    writer.element("DisplayName", owner.name);
    writer.close();
  }
  writer.element("StorageClass", "STANDARD");
  writer.element("Initiated", format_iso_time(upload.started));
  if (const auto name = find_field(upload.fields, "checksum-algorithm")) {
    writer.element("ChecksumAlgorithm", *name);
    writer.element("ChecksumType", name_of(checksum_form_of(upload.fields)));
  }
  writer.close();
}

// The key that the marker of an upload goes with: the marker of keys itself, or the first key with
// uploads behind it, which is as far as S3 looks.
Task<Outcome<std::string>> find_marked_key(Call& call, const catalog::Bucket& bucket,
                                           std::string key, std::string upload) {
  auto& catalog = call.services.catalog;
  auto found = co_await catalog.find_upload(bucket.id, key, upload);
  if (!found && found.error().code() == ErrorCode::not_found) {
    catalog::ListUploadsRequest request;
    request.bucket = bucket.id;
    request.key_after = std::move(key);
    request.count_max = 1;
    CO_TRY_LET(const auto behind, co_await catalog.list_uploads(std::move(request)));
    if (!behind.uploads.empty()) {
      key = behind.uploads.front().key;
      found = co_await catalog.find_upload(bucket.id, key, upload);
    }
  }
  if (found) co_return key;
  if (found.error().code() != ErrorCode::not_found) co_return refuse(S3Error(found.error()));
  co_return refuse(invalid_argument("Invalid uploadId marker", "upload-id-marker", upload));
}

}  // namespace

Task<Outcome<void>> list_multipart_uploads(Call& call) {
  CO_TRY_LET(const std::size_t count, read_count(call, "max-uploads"));
  CO_TRY_LET(const bool is_encoded, read_encoding(call));
  const auto upload_marker = call.parameter("upload-id-marker");
  const auto key_marker = call.parameter("key-marker");
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  std::string key_after(key_marker);
  // Without a key the upload's marker means nothing.
  if (!key_marker.empty() && !upload_marker.empty()) {
    CO_TRY_LET(key_after, co_await find_marked_key(call, bucket, std::move(key_after),
                                                   std::string(upload_marker)));
  }
  catalog::ListUploadsRequest request{
      .bucket = bucket.id,
      .prefix = std::string(call.parameter("prefix")),
      .delimiter = std::string(call.parameter("delimiter")),
      .key_after = std::move(key_after),
      .upload_after = key_marker.empty() ? std::string() : std::string(upload_marker),
      .count_max = count};
  catalog::ListUploadsPage page;
  if (count > 0) {
    CO_TRY_LET(page, co_await call.services.catalog.list_uploads(request));
  }
  const auto owner = co_await find_owner(call, bucket);
  XmlWriter writer("ListMultipartUploadsResult");
  writer.element("Bucket", call.bucket());
  writer.element("KeyMarker", spell(key_marker, is_encoded));
  writer.element("UploadIdMarker", upload_marker);
  writer.element("NextKeyMarker", spell(page.next_key, is_encoded));
  writer.element("NextUploadIdMarker", page.next_upload);
  if (!request.delimiter.empty()) writer.element("Delimiter", spell(request.delimiter, is_encoded));
  writer.element("Prefix", spell(request.prefix, is_encoded));
  if (is_encoded) writer.element("EncodingType", "url");
  writer.element("MaxUploads", std::uint64_t{count});
  writer.element("IsTruncated", page.is_truncated);
  for (const auto& upload : page.uploads) write_upload(writer, upload, is_encoded, owner);
  write_prefixes(writer, page.prefixes, is_encoded);
  co_return co_await call.respond_xml(std::move(writer));
}

}  // namespace holdfast::s3
