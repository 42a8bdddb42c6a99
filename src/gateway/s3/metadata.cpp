#include "gateway/s3/metadata.h"

#include "gateway/s3/protocol/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::s3 {
namespace {

constexpr auto content_headers = std::to_array<std::string_view>(
    {"content-type", "content-encoding", "content-disposition", "content-language", "cache-control",
     "expires", redirect_field});
constexpr std::string_view metadata_prefix = "x-amz-meta-";
constexpr std::string_view checksum_prefix = "checksum-";
constexpr std::string_view default_content_type = "binary/octet-stream";

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

// The codings of the content itself: aws-chunked is of the transfer only.
std::string without_chunked(std::string_view codings) {
  std::string kept;
  while (!codings.empty()) {
    const auto end = std::min(codings.find(','), codings.size());
    auto coding = codings.substr(0, end);
    codings.remove_prefix(std::min(end + 1, codings.size()));
    while (coding.starts_with(' ')) coding.remove_prefix(1);
    while (coding.ends_with(' ')) coding.remove_suffix(1);
    if (coding.empty() || net::equals_ignoring_case(coding, "aws-chunked")) continue;
    kept.append(kept.empty() ? "" : ",").append(coding);
  }
  return kept;
}

std::string_view field_of(ChecksumKind kind) {
  return header_of(kind).substr(std::string_view("x-amz-").size());
}

Outcome<void> check_metadata_size(const catalog::Fields& fields) {
  std::size_t size = 0;
  for (const auto& [name, value] : fields) {
    if (name.starts_with(metadata_prefix))
      size += name.size() - metadata_prefix.size() + value.size();
  }
  if (size <= user_metadata_bytes_max) return {};
  return refuse(S3Error(Code::metadata_too_large)
                    .with("Size", std::to_string(size))
                    .with("MaxSizeAllowed", std::to_string(user_metadata_bytes_max)));
}

}  // namespace

Outcome<catalog::Fields> read_fields(const Call& call) {
  catalog::Fields fields;
  for (const auto& [header, value] : call.request().headers.fields()) {
    const auto name = to_lower(header);
    const bool is_content = std::ranges::find(content_headers, name) != content_headers.end();
    if (!is_content && !name.starts_with(metadata_prefix)) continue;
    auto kept = name == "content-encoding" ? without_chunked(value) : value;
    const auto same = std::ranges::find(fields, name, &std::pair<std::string, std::string>::first);
    if (same != fields.end()) {
      same->second.append(",").append(kept);
    } else if (!kept.empty() || !is_content) {
      fields.emplace_back(name, std::move(kept));
    }
  }
  TRY(check_metadata_size(fields));
  return fields;
}

std::optional<std::string_view> find_field(const catalog::Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (field == name) return value;
  }
  return std::nullopt;
}

std::optional<Checksum> checksum_of(const catalog::Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (!name.starts_with(checksum_prefix)) continue;
    for (const auto kind : checksum_kinds) {
      if (name == field_of(kind)) return Checksum{kind, value};
    }
  }
  return std::nullopt;
}

std::optional<Checksum> find_checksum(const catalog::Fields& fields, ChecksumKind kind) {
  const auto value = find_field(fields, field_of(kind));
  if (!value) return std::nullopt;
  return Checksum{kind, std::string(*value)};
}

ChecksumForm checksum_form_of(const catalog::Fields& fields) {
  return find_field(fields, "checksum-type") == name_of(ChecksumForm::composite)
             ? ChecksumForm::composite
             : ChecksumForm::full_object;
}

void set_checksum(catalog::Fields& fields, const Checksum& checksum, ChecksumForm form) {
  std::erase_if(fields, [](const auto& field) { return field.first.starts_with(checksum_prefix); });
  add_checksum(fields, checksum);
  fields.emplace_back("checksum-type", name_of(form));
}

void add_checksum(catalog::Fields& fields, const Checksum& checksum) {
  fields.emplace_back(field_of(checksum.kind), checksum.value);
}

std::string quote(std::string_view etag) {
  return fmt::format("\"{}\"", etag);
}

void add_object_headers(net::Headers& headers, const catalog::ObjectInfo& object,
                        bool with_checksum) {
  headers.add("ETag", quote(object.etag));
  headers.add("Last-Modified", format_http_time(object.modified));
  headers.add("Accept-Ranges", "bytes");
  headers.add("x-amz-storage-class", "STANDARD");
  if (!find_field(object.fields, "content-type")) {
    headers.add("Content-Type", std::string(default_content_type));
  }
  for (const auto& [name, value] : object.fields) {
    if (!name.starts_with(checksum_prefix)) headers.add(name, value);
  }
  if (!with_checksum) return;
  if (const auto checksum = checksum_of(object.fields)) {
    add_checksum_headers(headers, *checksum, checksum_form_of(object.fields));
  }
}

void add_checksum_headers(net::Headers& headers, const Checksum& checksum, ChecksumForm form) {
  headers.add(std::string(header_of(checksum.kind)), checksum.value);
  headers.add("x-amz-checksum-type", std::string(name_of(form)));
}

void add_checksum_element(XmlWriter& writer, const Checksum& checksum) {
  writer.element(element_of(checksum.kind), checksum.value);
}

}  // namespace holdfast::s3
