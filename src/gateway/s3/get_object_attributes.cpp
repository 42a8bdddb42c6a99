// GetObjectAttributes: chosen facts about an object and the parts that it was made of.
#include "gateway/s3/object_read.h"

#include "base/number.h"
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/verbs.h"

#include <algorithm>
#include <array>

namespace holdfast::s3 {
namespace {

constexpr auto attribute_names = std::to_array<std::string_view>(
    {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"});
constexpr std::size_t parts_max = 1000;

struct Attributes {
  bool etag = false;
  bool checksum = false;
  bool parts = false;
  bool storage_class = false;
  bool size = false;
};

Outcome<Attributes> read_attributes(const Call& call) {
  std::vector<std::string> names;
  for (const auto& [header, value] : call.request().headers.fields()) {
    if (!net::equals_ignoring_case(header, "x-amz-object-attributes")) continue;
    for (std::size_t from = 0; from <= value.size();) {
      const auto end = std::min(value.find(',', from), value.size());
      auto name = value.substr(from, end - from);
      std::erase(name, ' ');
      if (!name.empty()) names.push_back(std::move(name));
      from = end + 1;
    }
  }
  if (names.empty()) {
    return refuse(Code::invalid_request,
                  "The x-amz-object-attributes header specifying the attributes to be retrieved is "
                  "either missing or empty");
  }
  for (const auto& name : names) {
    if (std::ranges::find(attribute_names, name) == attribute_names.end()) {
      return refuse(
          invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes", name));
    }
  }
  const auto has = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  return Attributes{.etag = has("ETag"),
                    .checksum = has("Checksum"),
                    .parts = has("ObjectParts"),
                    .storage_class = has("StorageClass"),
                    .size = has("ObjectSize")};
}

Outcome<std::size_t> read_number(const Call& call, std::string_view header, std::size_t otherwise) {
  const auto text = call.header(header);
  if (text.empty()) return otherwise;
  const auto number = parse_number<std::int32_t>(text);
  const auto name = header.substr(std::string_view("x-amz-").size());
  if (!number) {
    return refuse(invalid_argument(
        "Provided " + std::string(name) + " not an integer or within integer range", name, text));
  }
  if (*number < 0) {
    return refuse(invalid_argument(
        "Argument " + std::string(name) + " must be an integer between 0 and 2147483647", name,
        text));
  }
  return static_cast<std::size_t>(*number);
}

Task<Outcome<void>> write_parts(Call& call, XmlWriter& writer, const catalog::ObjectInfo& object,
                                catalog::BucketId bucket) {
  CO_TRY_LET(const std::size_t limit, read_number(call, "x-amz-max-parts", parts_max));
  CO_TRY_LET(const std::size_t after, read_number(call, "x-amz-part-number-marker", 0));
  if (object.part_count == 0) co_return Outcome<void>();
  CO_TRY_LET(auto parts, co_await call.services.catalog.object_parts(bucket, call.key()));
  const auto total = parts.size();
  std::erase_if(parts, [&](const catalog::PartInfo& part) { return part.number <= after; });
  const auto count = std::min({limit, parts_max, parts.size()});
  const bool is_truncated = count < parts.size();
  parts.resize(count);
  writer.open("ObjectParts");
  writer.element("PartsCount", std::uint64_t{total});
  writer.element("PartNumberMarker", std::uint64_t{after});
  writer.element("NextPartNumberMarker",
                 std::uint64_t{parts.empty() ? after : parts.back().number});
  writer.element("MaxParts", std::uint64_t{std::min(limit, parts_max)});
  writer.element("IsTruncated", is_truncated);
  const auto whole = checksum_of(object.fields);
  for (const auto& part : parts) {
    writer.open("Part");
    if (whole) {
      const auto checksum = find_checksum(part.fields, whole->kind);
      if (checksum) add_checksum_element(writer, *checksum);
    }
    writer.element("PartNumber", std::uint64_t{part.number});
    writer.element("Size", part.size);
    writer.close();
  }
  writer.close();
  co_return Outcome<void>();
}

}  // namespace

Task<Outcome<void>> get_object_attributes(Call& call) {
  CO_TRY(check_version(call));
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  CO_TRY_LET(const Attributes wanted, read_attributes(call));
  auto object = co_await call.services.catalog.head(bucket.id, call.key());
  if (!object) co_return refuse(about_key(object.error(), call.key()));
  XmlWriter writer("GetObjectAttributesResponse");
  if (wanted.etag) writer.element("ETag", object->etag);
  auto checksum = checksum_of(object->fields);
  if (wanted.checksum && checksum) {
    // Of a composite comes the value alone: ObjectParts tells how many parts there are.
    checksum->value.resize(std::min(checksum->value.find('-'), checksum->value.size()));
    writer.open("Checksum");
    add_checksum_element(writer, *checksum);
    writer.element("ChecksumType", name_of(checksum_form_of(object->fields)));
    writer.close();
  }
  if (wanted.parts) {
    CO_TRY(co_await write_parts(call, writer, *object, bucket.id));
  }
  if (wanted.storage_class) writer.element("StorageClass", "STANDARD");
  if (wanted.size) writer.element("ObjectSize", object->size);
  net::ResponseHead head;
  head.headers.add("Content-Type", "application/xml");
  head.headers.add("Last-Modified", format_http_time(object->modified));
  co_return co_await call.respond(std::move(head), std::move(writer).finish());
}

}  // namespace holdfast::s3
