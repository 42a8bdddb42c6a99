#include "gateway/s3/protocol/headers.h"

#include <algorithm>
#include <array>

namespace holdfast::s3 {
namespace {

// Prefixes of headers that no operation here can honour.
constexpr auto unserved = std::to_array<std::string_view>({
    "x-amz-server-side-encryption",
    "x-amz-copy-source-server-side-encryption",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-tagging",
    "x-amz-write-offset-bytes",
    "x-amz-rename-source",
    "x-amz-mfa",
});

// What some operation here honours, or what asks for nothing: names, and below them prefixes.
constexpr auto served = std::to_array<std::string_view>({
    "x-amz-acl",
    "x-amz-api-version",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bucket-region",
    "x-amz-bypass-governance-retention",  // Nothing is retained.
    "x-amz-cf-id",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-if-match-initiated-time",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
    "x-amz-max-parts",
    "x-amz-metadata-directive",
    "x-amz-mp-object-size",
    "x-amz-object-attributes",
    "x-amz-object-ownership",
    "x-amz-part-number-marker",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-source-expected-bucket-owner",
    "x-amz-storage-class",
    "x-amz-tagging-directive",
    "x-amz-te",
    "x-amz-trailer",
    "x-amz-user-agent",
    "x-amz-website-redirect-location",
});
constexpr auto served_prefixes = std::to_array<std::string_view>({
    "x-amz-checksum-",
    "x-amz-copy-source-if-",
    "x-amz-grant-",
    "x-amz-meta-",
});

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

bool is_served(std::string_view name, Operation operation) {
  if (name == "x-amz-copy-source-range") return operation == Operation::upload_part_copy;
  return std::ranges::find(served, name) != served.end() ||
         std::ranges::any_of(served_prefixes,
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool is_write(std::string_view method) {
  return method == "PUT" || method == "POST";
}

Outcome<void> check_acl(std::string_view value, Operation operation) {
  constexpr auto canned = std::to_array<std::string_view>(
      {"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read",
       "bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"});
  if (std::ranges::find(canned, value) == canned.end()) {
    return refuse(invalid_argument("", "x-amz-acl", value));
  }
  if (value == "private" || value == "bucket-owner-full-control") return {};
  return refuse(operation == Operation::create_bucket ? Code::invalid_bucket_acl_with_ownership
                                                      : Code::acl_not_supported);
}

Outcome<void> check_storage_class(std::string_view value) {
  constexpr auto unserved_classes = std::to_array<std::string_view>(
      {"REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
       "GLACIER_IR", "DEEP_ARCHIVE", "EXPRESS_ONEZONE", "OUTPOSTS", "SNOW", "FSX_OPENZFS"});
  if (value == "STANDARD") return {};
  if (std::ranges::find(unserved_classes, value) != unserved_classes.end()) {
    return refuse(not_implemented("x-amz-storage-class"));
  }
  return refuse(Code::invalid_storage_class);
}

Outcome<void> check_redirect(std::string_view value) {
  if (value.starts_with('/') || value.starts_with("http://") || value.starts_with("https://")) {
    return {};
  }
  return refuse(Code::invalid_redirect_location);
}

Outcome<void> check_one(const std::string& name, std::string_view value, Operation operation) {
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  // Replacing no tags by the source's, which has none either, is no change.
  if (name == "x-amz-tagging-directive") {
    if (value == "COPY" || value == "REPLACE") return {};
    return refuse(invalid_argument("Unknown tagging directive.", name, value));
  }
  if (std::ranges::any_of(unserved, begins)) return refuse(not_implemented(name));
  if (name == "x-amz-website-redirect-location") return check_redirect(value);
  if (name == "x-amz-acl") return check_acl(value, operation);
  if (name.starts_with("x-amz-grant-")) return refuse(Code::acl_not_supported);
  if (name == "x-amz-storage-class") return check_storage_class(value);
  if (name == "x-amz-bucket-object-lock-enabled" && to_lower(value) != "false") {
    return refuse(not_implemented(name));
  }
  if (name == "x-amz-object-ownership" && value != "BucketOwnerEnforced") {
    if (value == "BucketOwnerPreferred" || value == "ObjectWriter") {
      return refuse(not_implemented(name));
    }
    return refuse(invalid_argument("Invalid x-amz-object-ownership header: " + std::string(value),
                                   name, value));
  }
  // Whatever it asks for, doing the rest of the request would be a lie.
  if (!is_served(name, operation)) return refuse(not_implemented(name));
  return {};
}

}  // namespace

Outcome<void> check_header_section(const net::Request& request) {
  constexpr std::size_t separators_bytes = 4;  // ": " and CRLF.
  std::size_t size = 0;
  for (const auto& [name, value] : request.headers.fields()) {
    size += name.size() + value.size() + separators_bytes;
  }
  if (size <= header_section_bytes_max) return {};
  return refuse(S3Error(Code::header_section_too_large)
                    .with("MaxSizeAllowed", std::to_string(header_section_bytes_max)));
}

Outcome<void> check_headers(const net::Request& request, Operation operation) {
  const bool is_deletion = request.method == "DELETE";
  for (const auto& [field, value] : request.headers.fields()) {
    const auto name = to_lower(field);
    // Part of an object, which would be stored as the whole of it.
    if (name == "content-range" && is_write(request.method)) return refuse(not_implemented(name));
    if (!name.starts_with("x-amz-")) continue;
    if (is_write(request.method)) {
      TRY(check_one(name, value, operation));
    } else if (is_deletion ? !is_served(name, operation) : name.contains("encryption-customer")) {
      // On reads and deletions the values are noise. But without keys of the client's the object
      // that they name cannot be read, and we have none such.
      return refuse(not_implemented(name));
    }
  }
  return {};
}

}  // namespace holdfast::s3
