#include "gateway/s3/protocol/error.h"

#include <algorithm>
#include <array>

namespace holdfast::s3 {
namespace {

struct Row {
  Code code;
  CodeDescription description;
};

constexpr auto table = std::to_array<Row>({
    {Code::access_denied, {"AccessDenied", 403, "Access Denied."}},
    {Code::acl_not_supported,
     {"AccessControlListNotSupported", 400, "The bucket does not allow ACLs."}},
    {Code::authorization_header_malformed,
     {"AuthorizationHeaderMalformed", 400, "The authorization header is malformed."}},
    {Code::authorization_query_parameters,
     {"AuthorizationQueryParametersError", 400,
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
      "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."}},
    {Code::bad_digest,
     {"BadDigest", 400, "The Content-MD5 you specified did not match what we received."}},
    {Code::bad_request, {"BadRequest", 400, "An error occurred when parsing the HTTP request."}},
    {Code::bucket_already_exists,
     {"BucketAlreadyExists", 409,
      "The requested bucket name is not available. The bucket name can not be an existing "
      "collection, and the bucket namespace is shared by all users of the system. Please "
      "select a different name and try again."}},
    {Code::bucket_already_owned_by_you,
     {"BucketAlreadyOwnedByYou", 409,
      "Your previous request to create the named bucket succeeded and you already own it."}},
    {Code::bucket_not_empty,
     {"BucketNotEmpty", 409, "The bucket you tried to delete is not empty."}},
    {Code::content_sha256_mismatch,
     {"XAmzContentSHA256Mismatch", 400,
      "The provided 'x-amz-content-sha256' header does not match what was computed."}},
    {Code::cors_configuration_not_found,
     {"NoSuchCORSConfiguration", 404, "The CORS configuration does not exist"}},
    {Code::encryption_not_found,
     {"ServerSideEncryptionConfigurationNotFoundError", 404,
      "The server side encryption configuration was not found"}},
    {Code::entity_too_large,
     {"EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed object size."}},
    {Code::entity_too_small,
     {"EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"}},
    {Code::expired_token, {"ExpiredToken", 400, "The provided token has expired."}},
    {Code::header_section_too_large,
     {"RequestHeaderSectionTooLarge", 400,
      "Your request header section exceeds the maximum allowed size."}},
    {Code::illegal_location_constraint,
     {"IllegalLocationConstraintException", 400,
      "The location constraint is incompatible for the region specific endpoint this request "
      "was sent to."}},
    {Code::incomplete_body, {"IncompleteBody", 400, "The request body terminated unexpectedly"}},
    {Code::insufficient_storage,
     {"InsufficientStorage", 507,
      "There is no room left to store this. Delete something, or add a disk."}},
    {Code::internal_error,
     {"InternalError", 500, "We encountered an internal error, please try again."}},
    {Code::invalid_access_key_id,
     {"InvalidAccessKeyId", 403,
      "The AWS Access Key Id you provided does not exist in our records."}},
    {Code::invalid_argument, {"InvalidArgument", 400, "Invalid Argument"}},
    {Code::invalid_bucket_acl_with_ownership,
     {"InvalidBucketAclWithObjectOwnership", 400,
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"}},
    {Code::invalid_bucket_name, {"InvalidBucketName", 400, "The specified bucket is not valid."}},
    {Code::invalid_chunk_size,
     {"InvalidChunkSizeError", 400,
      "Only the last chunk is allowed to have a size less than 8192 bytes"}},
    {Code::invalid_digest, {"InvalidDigest", 400, "The Content-Md5 you specified is not valid."}},
    {Code::invalid_encryption_algorithm,
     {"InvalidEncryptionAlgorithmError", 400,
      "The encryption request that you specified is not valid."}},
    {Code::invalid_location_constraint,
     {"InvalidLocationConstraint", 400, "The specified location-constraint is not valid"}},
    {Code::invalid_part,
     {"InvalidPart", 400,
      "One or more of the specified parts could not be found.  The part may not have been "
      "uploaded, or the specified entity tag may not match the part's entity tag."}},
    {Code::invalid_part_number,
     {"InvalidPartNumber", 416, "The requested partnumber is not satisfiable."}},
    {Code::invalid_part_order,
     {"InvalidPartOrder", 400,
      "The list of parts was not in ascending order. Parts must be ordered by part number."}},
    {Code::invalid_range, {"InvalidRange", 416, "The requested range is not satisfiable"}},
    {Code::invalid_redirect_location,
     {"InvalidRedirectLocation", 400,
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."}},
    {Code::invalid_request, {"InvalidRequest", 400, "Invalid Request."}},
    {Code::invalid_storage_class,
     {"InvalidStorageClass", 400, "The storage class you specified is not valid"}},
    {Code::invalid_tag, {"InvalidTag", 400, "The tag provided was not a valid tag."}},
    {Code::invalid_token,
     {"InvalidToken", 400, "The provided token is malformed or otherwise invalid."}},
    {Code::invalid_uri, {"InvalidURI", 400, "The specified URI couldn't be parsed."}},
    {Code::key_too_long, {"KeyTooLongError", 400, "Your key is too long."}},
    {Code::lifecycle_not_found,
     {"NoSuchLifecycleConfiguration", 404, "The lifecycle configuration does not exist"}},
    {Code::malformed_trailer,
     {"MalformedTrailerError", 400,
      "The request contained trailing data that was not well-formed or did not conform to "
      "our published schema."}},
    {Code::malformed_xml,
     {"MalformedXML", 400,
      "The XML you provided was not well-formed or did not validate against our published "
      "schema."}},
    {Code::max_message_length_exceeded,
     {"MaxMessageLengthExceeded", 400, "Your request was too big."}},
    {Code::metadata_too_large,
     {"MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size"}},
    {Code::method_not_allowed,
     {"MethodNotAllowed", 405, "The specified method is not allowed against this resource."}},
    {Code::missing_content_length,
     {"MissingContentLength", 411, "You must provide the Content-Length HTTP header."}},
    {Code::missing_request_body, {"MissingRequestBodyError", 400, "Request Body is empty"}},
    {Code::no_such_bucket, {"NoSuchBucket", 404, "The specified bucket does not exist."}},
    {Code::no_such_bucket_policy, {"NoSuchBucketPolicy", 404, "The bucket policy does not exist."}},
    {Code::no_such_key, {"NoSuchKey", 404, "The specified key does not exist."}},
    {Code::no_such_tag_set, {"NoSuchTagSet", 404, "The TagSet does not exist."}},
    {Code::no_such_upload,
     {"NoSuchUpload", 404,
      "The specified multipart upload does not exist. The upload ID may be invalid, or the "
      "upload may have been aborted or completed."}},
    {Code::no_such_version, {"NoSuchVersion", 404, "The specified version does not exist."}},
    {Code::no_such_website,
     {"NoSuchWebsiteConfiguration", 404,
      "The specified bucket does not have a website configuration"}},
    {Code::not_implemented,
     {"NotImplemented", 501,
      "A header you provided implies functionality that is not implemented."}},
    {Code::not_modified, {"NotModified", 304, "Not Modified"}},
    {Code::object_lock_not_found,
     {"ObjectLockConfigurationNotFoundError", 404,
      "Object Lock configuration does not exist for this bucket."}},
    {Code::operation_aborted,
     {"OperationAborted", 409,
      "A conflicting conditional operation is currently in progress against this resource. "
      "Try again."}},
    {Code::ownership_controls_not_found,
     {"OwnershipControlsNotFoundError", 404, "The bucket ownership controls were not found."}},
    {Code::precondition_failed,
     {"PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold."}},
    {Code::public_access_block_not_found,
     {"NoSuchPublicAccessBlockConfiguration", 404,
      "The public access block configuration was not found"}},
    {Code::replication_not_found,
     {"ReplicationConfigurationNotFoundError", 404, "The replication configuration was not found"}},
    {Code::request_time_too_skewed,
     {"RequestTimeTooSkewed", 403,
      "The difference between the request time and the current time is too large."}},
    {Code::request_timeout,
     {"RequestTimeout", 400,
      "Your socket connection to the server was not read from or written to within the "
      "timeout period. Idle connections will be closed."}},
    {Code::service_unavailable,
     {"ServiceUnavailable", 503, "Service is unable to handle request."}},
    {Code::signature_does_not_match,
     {"SignatureDoesNotMatch", 403,
      "The request signature we calculated does not match the signature you provided. Check "
      "your key and signing method."}},
});

consteval bool is_complete() {
  if (table.size() != static_cast<std::size_t>(Code::count)) return false;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].code != static_cast<Code>(i)) return false;
  }
  return true;
}
static_assert(is_complete(), "one row for each code, in their order");

Code code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return Code::no_such_key;
    case ErrorCode::already_exists:
      return Code::bucket_already_exists;
    case ErrorCode::conflict:
      return Code::operation_aborted;
    case ErrorCode::denied:
      return Code::access_denied;
    case ErrorCode::invalid:
      return Code::invalid_request;
    case ErrorCode::unsupported:
      return Code::not_implemented;
    case ErrorCode::corrupt:
      return Code::internal_error;
    case ErrorCode::unavailable:
      return Code::service_unavailable;
    case ErrorCode::timed_out:
      return Code::service_unavailable;
    case ErrorCode::full:
      return Code::insufficient_storage;
    case ErrorCode::io:
      return Code::internal_error;
  }
  return Code::internal_error;
}

}  // namespace

CodeDescription describe(Code code) {
  return table[static_cast<std::size_t>(code)].description;
}

S3Error::S3Error(const Error& error) : S3Error(code_of(error.code())) {
  detail_ = error.context();
  // Which argument makes no sense, or which object is damaged, helps whoever reads the answer more
  // than S3's general words.
  if (error.code() == ErrorCode::invalid || error.code() == ErrorCode::corrupt) {
    message_ = error.context();
  }
}

S3Error S3Error::with(std::string name, std::string value) && {
  fields_.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

S3Error invalid_argument(std::string message, std::string_view name, std::string_view value) {
  return S3Error(Code::invalid_argument, std::move(message))
      .with("ArgumentName", std::string(name))
      .with("ArgumentValue", std::string(value));
}

S3Error not_implemented(std::string_view what) {
  S3Error error(Code::not_implemented);
  return what.empty() ? error : std::move(error).with("Header", std::string(what));
}

}  // namespace holdfast::s3
