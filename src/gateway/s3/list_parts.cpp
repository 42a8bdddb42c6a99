// ListParts: what has come of an upload.
#include "gateway/s3/listing.h"

#include "base/number.h"
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/upload.h"
#include "gateway/s3/verbs.h"

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

Outcome<std::uint32_t> read_marker(const Call& call) {
  constexpr std::string_view name = "part-number-marker";
  const auto text = call.parameter(name);
  if (text.empty()) return 0;
  const auto number = parse_number<std::int32_t>(text);
  if (!number) {
    return refuse(invalid_argument(
        fmt::format("Provided {} not an integer or within integer range", text), name, text));
  }
  if (*number < 0) {
    return refuse(invalid_argument(
        fmt::format("Argument {} must be an integer between 0 and 2147483647", text), name, text));
  }
  return static_cast<std::uint32_t>(*number);
}

void write_person(XmlWriter& writer, std::string_view element, const catalog::User& user) {
  writer.open(element);
  writer.element("ID", owner_id(user.id));
  writer.element("DisplayName", user.name);
  writer.close();
}

}  // namespace

Task<Outcome<void>> list_parts(Call& call) {
  CO_TRY_LET(const std::uint32_t after, read_marker(call));
  CO_TRY_LET(const std::size_t count, read_count(call, "max-parts"));
  CO_TRY_LET(const Upload upload, co_await open_upload(call));
  auto found = co_await call.services.catalog.list_parts(upload.bucket.id, call.key(),
                                                         upload.info.id, after, count + 1);
  if (!found) co_return refuse(about_upload(found.error(), upload.info.id));
  auto& parts = *found;
  const bool is_truncated = count > 0 && parts.size() > count;
  if (parts.size() > count) parts.resize(count);
  const auto owner = co_await find_owner(call, upload.bucket);
  XmlWriter writer("ListPartsResult");
  writer.element("Bucket", call.bucket());
  writer.element("Key", call.key());
  writer.element("UploadId", upload.info.id);
  write_person(writer, "Initiator", owner);
  write_person(writer, "Owner", owner);
  writer.element("StorageClass", "STANDARD");
  if (upload.checksum) {
    writer.element("ChecksumAlgorithm", name_of(*upload.checksum));
    writer.element("ChecksumType", name_of(upload.form));
  }
  writer.element("PartNumberMarker", std::uint64_t{after});
  writer.element("NextPartNumberMarker", std::uint64_t{parts.empty() ? 0 : parts.back().number});
  writer.element("MaxParts", std::uint64_t{count});
  writer.element("IsTruncated", is_truncated);
  for (const auto& part : parts) {
    writer.open("Part");
    writer.element("PartNumber", std::uint64_t{part.number});
    writer.element("LastModified", format_iso_time(part.modified));
    writer.element("ETag", quote(part.etag));
    writer.element("Size", part.size);
    if (const auto checksum = checksum_of(part.fields); checksum && upload.checksum) {
      add_checksum_element(writer, *checksum);
    }
    writer.close();
  }
  co_return co_await call.respond_xml(std::move(writer));
}

}  // namespace holdfast::s3
