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

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
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
  for (const auto& [field, value] : request.headers.fields()) {
    const auto name = to_lower(field);
    if (!name.starts_with("x-amz-")) continue;
    // On reads the same names are noise, except keys of the client's: without them the object that
    // they name cannot be read, and we have none such.
    if (!is_write(request.method) && !name.contains("encryption-customer")) continue;
    TRY(check_one(name, value, operation));
  }
  return {};
}

}  // namespace holdfast::s3
