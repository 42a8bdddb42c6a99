#include "gateway/s3/listing.h"

#include "base/number.h"
#include "codec/base64.h"
#include "gateway/s3/protocol/times.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {

Outcome<std::size_t> read_count(const Call& call, std::string_view name) {
  const auto text = call.parameter(name);
  if (text.empty()) return page_count_max;
  const auto count = parse_number<std::int32_t>(text);
  if (!count) {
    return refuse(invalid_argument(
        fmt::format("Provided {} not an integer or within integer range", text), name, text));
  }
  if (*count < 0) {
    return refuse(invalid_argument(
        fmt::format("Argument {} must be an integer between 0 and 2147483647", text), name, text));
  }
  return std::min<std::size_t>(static_cast<std::size_t>(*count), page_count_max);
}

Outcome<bool> read_encoding(const Call& call) {
  const auto text = call.parameter("encoding-type");
  if (text.empty()) return false;
  if (text == "url") return true;
  return refuse(
      invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", text));
}

std::string spell(std::string_view text, bool is_encoded) {
  return is_encoded ? net::percent_encode(text, "/") : std::string(text);
}

void set_marker(catalog::ListRequest& request, std::string_view marker) {
  request.after = marker;
  request.after_is_prefix = false;
  if (request.delimiter.empty() || !marker.starts_with(request.prefix)) return;
  const auto end = marker.find(request.delimiter, request.prefix.size());
  if (end == marker.npos) return;
  request.after = marker.substr(0, end + request.delimiter.size());
  request.after_is_prefix = true;
}

std::string make_token(const catalog::ListPage& page) {
  const auto kind = page.next_is_prefix ? "p" : "k";
  return codec::to_base64(as_bytes(kind + page.next));
}

Outcome<void> read_token(catalog::ListRequest& request, std::string_view token) {
  const auto bytes = codec::from_base64(token);
  if (!bytes || bytes->size() < 2 || (as_text(*bytes)[0] != 'p' && as_text(*bytes)[0] != 'k')) {
    return refuse(invalid_argument("The continuation token provided is incorrect",
                                   "continuation-token", token));
  }
  request.after = as_text(*bytes).substr(1);
  request.after_is_prefix = as_text(*bytes)[0] == 'p';
  return {};
}

void write_object(XmlWriter& writer, const catalog::ObjectInfo& object, bool is_encoded,
                  const catalog::User* owner) {
  writer.open("Contents");
  writer.element("Key", spell(object.key, is_encoded));
  writer.element("LastModified", format_iso_time(object.modified));
  writer.element("ETag", quote(object.etag));
  if (const auto checksum = checksum_of(object.fields)) {
    writer.element("ChecksumAlgorithm", name_of(checksum->kind));
    writer.element("ChecksumType", name_of(checksum_form_of(object.fields)));
  }
  writer.element("Size", object.size);
  if (owner != nullptr) {
    writer.open("Owner");
    writer.element("ID", owner_id(owner->id));
    writer.element("DisplayName", owner->name);
    writer.close();
  }
  writer.element("StorageClass", "STANDARD");
  writer.close();
}

void write_prefixes(XmlWriter& writer, const std::vector<std::string>& prefixes, bool is_encoded) {
  for (const auto& prefix : prefixes) {
    writer.open("CommonPrefixes");
    writer.element("Prefix", spell(prefix, is_encoded));
    writer.close();
  }
}

Task<catalog::User> find_owner(Call& call, const catalog::Bucket& bucket) {
  if (bucket.owner == call.user.id) co_return call.user;
  auto user = co_await call.services.users.find(bucket.owner);
  if (user) co_return *std::move(user);
  co_return catalog::User{.id = bucket.owner, .name = owner_id(bucket.owner), .created = {}};
}

}  // namespace holdfast::s3
