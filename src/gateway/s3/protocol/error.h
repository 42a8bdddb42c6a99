// What S3 answers when it refuses: a code, an HTTP status, a message, and sometimes fields that
// name the culprit. Codes, statuses and messages are those of Amazon S3, since clients compare
// them.
//
// Outcome<T> is to this gateway what Result<T> is to the rest: TRY, TRY_LET and their CO_ forms
// work on both, and an Error becomes an S3Error on its way out.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::s3 {

enum class Code : std::uint8_t {
  access_denied,
  acl_not_supported,
  authorization_header_malformed,
  authorization_query_parameters,
  bad_digest,
  bad_request,
  bucket_already_exists,
  bucket_already_owned_by_you,
  bucket_not_empty,
  content_sha256_mismatch,
  cors_configuration_not_found,
  encryption_not_found,
  entity_too_large,
  entity_too_small,
  expired_token,
  header_section_too_large,
  illegal_location_constraint,
  incomplete_body,
  insufficient_storage,
  internal_error,
  invalid_access_key_id,
  invalid_argument,
  invalid_bucket_acl_with_ownership,
  invalid_bucket_name,
  invalid_chunk_size,
  invalid_digest,
  invalid_encryption_algorithm,
  invalid_location_constraint,
  invalid_part,
  invalid_part_number,
  invalid_part_order,
  invalid_range,
  invalid_redirect_location,
  invalid_request,
  invalid_storage_class,
  invalid_tag,
  invalid_token,
  invalid_uri,
  key_too_long,
  lifecycle_not_found,
  malformed_trailer,
  malformed_xml,
  max_message_length_exceeded,
  metadata_too_large,
  method_not_allowed,
  missing_content_length,
  missing_request_body,
  no_such_bucket,
  no_such_bucket_policy,
  no_such_key,
  no_such_tag_set,
  no_such_upload,
  no_such_version,
  no_such_website,
  not_implemented,
  not_modified,
  object_lock_not_found,
  operation_aborted,
  ownership_controls_not_found,
  precondition_failed,
  public_access_block_not_found,
  replication_not_found,
  request_time_too_skewed,
  request_timeout,
  service_unavailable,
  signature_does_not_match,
  count,
};

struct CodeDescription {
  std::string_view name;
  unsigned status;
  std::string_view message;  // What is said unless somebody knows better.
};

CodeDescription describe(Code code);

class S3Error {
 public:
  using Field = std::pair<std::string, std::string>;

  explicit S3Error(Code code) : S3Error(code, std::string(describe(code).message)) {}
  S3Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  // What the rest of the program could not do, in S3's words. The one place where error codes of
  // the product meet those of S3. Implicit, so that TRY can leave a function with either.
  S3Error(const Error& error);  // NOLINT(google-explicit-constructor)

  // Adds an element to the answer, after Code and Message.
  S3Error with(std::string name, std::string value) &&;

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<Field>& fields() const { return fields_; }

  // For the log: what failed inside, where that is not told to clients.
  const std::string& detail() const { return detail_; }

 private:
  Code code_;
  std::string message_;
  std::vector<Field> fields_;
  std::string detail_;
};

template <class T>
class [[nodiscard]] Outcome : public std::expected<T, S3Error> {
 public:
  using std::expected<T, S3Error>::expected;
};

inline std::unexpected<S3Error> refuse(Code code) {
  return std::unexpected(S3Error(code));
}
inline std::unexpected<S3Error> refuse(Code code, std::string message) {
  return std::unexpected(S3Error(code, std::move(message)));
}
inline std::unexpected<S3Error> refuse(S3Error error) {
  return std::unexpected(std::move(error));
}

// 400 InvalidArgument about one header, query parameter or element.
S3Error invalid_argument(std::string message, std::string_view name, std::string_view value);

// 501 for what S3 has and this gateway has not. `what` is the header, or empty.
S3Error not_implemented(std::string_view what);

}  // namespace holdfast::s3
