#include "gateway/s3/protocol/operation.h"

#include <algorithm>
#include <array>
#include <optional>

namespace holdfast::s3 {
namespace {

enum class Level : std::uint8_t { service, bucket, object };

// A request with that method at that level means the operation if it has the sub-resource (and, for
// copies, x-amz-copy-source). `parameters`, with spaces between, are the others that it
// understands.
struct Row {
  std::string_view method;
  Level level;
  std::string_view sub_resource;
  Operation operation;
  std::string_view parameters;
  bool is_copy = false;
};

constexpr std::string_view response_overrides =
    "partNumber versionId response-cache-control response-content-disposition "
    "response-content-encoding response-content-language response-content-type response-expires";
constexpr std::string_view listing = "prefix delimiter marker max-keys encoding-type";
constexpr std::string_view listing_v2 =
    "prefix delimiter max-keys encoding-type start-after continuation-token fetch-owner";
constexpr std::string_view listing_uploads =
    "prefix delimiter max-uploads key-marker upload-id-marker encoding-type";

// Rows with a sub-resource come before the plain one of their method and level.
constexpr auto table = std::to_array<Row>({
    {"GET", Level::service, "", Operation::list_buckets,
     "prefix max-buckets continuation-token bucket-region"},

    {"GET", Level::bucket, "location", Operation::get_bucket_location, ""},
    {"GET", Level::bucket, "versioning", Operation::get_bucket_versioning, ""},
    {"GET", Level::bucket, "acl", Operation::get_bucket_acl, ""},
    {"GET", Level::bucket, "uploads", Operation::list_multipart_uploads, listing_uploads},
    {"GET", Level::bucket, "tagging", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "policy", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "policyStatus", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "lifecycle", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "cors", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "encryption", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "website", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "replication", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "object-lock", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "ownershipControls", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "publicAccessBlock", Operation::get_bucket_configuration, ""},
    {"GET", Level::bucket, "list-type", Operation::list_objects_v2, listing_v2},
    {"GET", Level::bucket, "", Operation::list_objects, listing},
    {"PUT", Level::bucket, "", Operation::create_bucket, ""},
    {"HEAD", Level::bucket, "", Operation::head_bucket, ""},
    {"DELETE", Level::bucket, "", Operation::delete_bucket, ""},
    {"POST", Level::bucket, "delete", Operation::delete_objects, ""},

    {"GET", Level::object, "uploadId", Operation::list_parts,
     "max-parts part-number-marker encoding-type"},
    {"GET", Level::object, "attributes", Operation::get_object_attributes, "versionId"},
    {"GET", Level::object, "acl", Operation::get_object_acl, "versionId"},
    {"GET", Level::object, "tagging", Operation::get_object_tagging, "versionId"},
    {"GET", Level::object, "retention", Operation::get_object_lock, "versionId"},
    {"GET", Level::object, "legal-hold", Operation::get_object_lock, "versionId"},
    {"GET", Level::object, "", Operation::get_object, response_overrides},
    {"HEAD", Level::object, "", Operation::head_object, response_overrides},
    {"PUT", Level::object, "uploadId", Operation::upload_part_copy, "partNumber", true},
    {"PUT", Level::object, "uploadId", Operation::upload_part, "partNumber"},
    {"PUT", Level::object, "", Operation::copy_object, "", true},
    {"PUT", Level::object, "", Operation::put_object, ""},
    {"DELETE", Level::object, "uploadId", Operation::abort_multipart_upload, ""},
    {"DELETE", Level::object, "", Operation::delete_object, "versionId"},
    {"POST", Level::object, "uploads", Operation::create_multipart_upload, "encoding-type"},
    {"POST", Level::object, "uploadId", Operation::complete_multipart_upload, ""},
});

// Names that mean something to S3. On a read, others are noise that S3 ignores too.
constexpr auto known_parameters = std::to_array<std::string_view>({
    "accelerate",
    "acl",
    "analytics",
    "annotation",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "select-type",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
});

// Part of each request's signature or sent by SDKs as a comment.
bool is_neutral(std::string_view name) {
  // The last three are of a version of signatures that is refused in its own words.
  return name == "x-id" || name == "AWSAccessKeyId" || name == "Signature" || name == "Expires" ||
         name == "X-Amz-Algorithm" || name == "X-Amz-Credential" || name == "X-Amz-Date" ||
         name == "X-Amz-Expires" || name == "X-Amz-SignedHeaders" || name == "X-Amz-Signature" ||
         name == "X-Amz-Security-Token" || name == "X-Amz-Content-Sha256" ||
         name == "X-Amz-User-Agent";
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

bool is_read(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

Outcome<void> check_parameters(const Row& row, const Query& query) {
  for (const auto& [name, value, has_value] : query.parameters()) {
    const bool is_sub_resource = !name.empty() && name == row.sub_resource;
    if (is_sub_resource || is_neutral(name) || has_word(row.parameters, name)) continue;
    const bool is_known = std::ranges::find(known_parameters, name) != known_parameters.end();
    if (is_known || !is_read(row.method)) return refuse(Code::not_implemented);
  }
  return {};
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::service:
      return "SERVICE";
    case Level::bucket:
      return "BUCKET";
    case Level::object:
      return "OBJECT";
  }
  return {};
}

S3Error method_not_allowed(std::string_view method, std::string_view resource) {
  return S3Error(Code::method_not_allowed)
      .with("Method", std::string(method))
      .with("ResourceType", std::string(resource));
}

// Why no row fits.
S3Error explain(const net::Request& request, const Target& target, Level level) {
  const auto& method = request.method;
  const bool is_usual = method == "GET" || method == "PUT" || method == "HEAD" ||
                        method == "DELETE" || method == "POST" || method == "OPTIONS";
  if (!is_usual || level == Level::service) return method_not_allowed(method, name_of(level));
  const bool has_sub_resource =
      std::ranges::any_of(target.query.parameters(), [](const Query::Parameter& parameter) {
        return std::ranges::find(known_parameters, parameter.name) != known_parameters.end();
      });
  if (has_sub_resource || method == "OPTIONS") return S3Error(Code::not_implemented);
  if (method == "POST" && level == Level::object) return method_not_allowed(method, "SERVICE");
  const auto type = request.headers.find("content-type").value_or("");
  if (method == "POST" && !type.starts_with("multipart/form-data")) {
    return S3Error(Code::precondition_failed)
        .with("Condition", "Bucket POST must be of the enclosure-type multipart/form-data");
  }
  return S3Error(Code::not_implemented);
}

// Headers that S3 judges before it asks who sends them.
Outcome<void> check_headers_of_place(const net::Request& request, const Target& target,
                                     Level level) {
  const auto source = request.headers.find("x-amz-copy-source");
  const bool is_other_post = request.method == "POST" && !target.query.contains("uploadId");
  if (source && level != Level::service && request.method != "PUT" && !is_other_post) {
    return refuse(invalid_argument("You can only specify a copy source header for copy requests.",
                                   "x-amz-copy-source", *source));
  }
  // Only objects come in chunks.
  const auto payload = request.headers.find("x-amz-content-sha256").value_or("");
  if (level == Level::bucket && payload.starts_with("STREAMING-")) {
    return refuse(Code::invalid_request, "The value of x-amz-content-sha256 header is invalid.");
  }
  return {};
}

// Combinations of parameters that S3 tells apart from merely unknown ones.
Outcome<void> check_combinations(const net::Request& request, const Target& target, Level level) {
  const auto& query = target.query;
  if (level != Level::object) return {};
  if (request.method == "PUT") {
    const bool has_number = query.contains("partNumber");
    const bool has_upload = query.contains("uploadId");
    if (has_number && !has_upload) {
      return refuse(invalid_argument("This operation does not accept partNumber without uploadId",
                                     "partNumber", "partNumber"));
    }
    if (has_upload && !has_number) return refuse(method_not_allowed("PUT", "UPLOAD"));
  }
  if (request.method == "GET" && query.contains("uploads")) {
    return refuse(Code::invalid_request,
                  "Key is not expected for the GET method ?uploads subresource");
  }
  if (request.method == "GET" && query.contains("versions")) {
    return refuse(Code::invalid_request,
                  "There is no such thing as the ?versions sub-resource for a key");
  }
  return {};
}

}  // namespace

Outcome<Operation> find_operation(const net::Request& request, const Target& target) {
  const auto level = target.bucket.empty() ? Level::service
                     : target.key.empty()  ? Level::bucket
                                           : Level::object;
  TRY(check_headers_of_place(request, target, level));
  TRY(check_combinations(request, target, level));
  const bool is_copy = request.headers.contains("x-amz-copy-source");
  for (const auto& row : table) {
    if (row.method != request.method || row.level != level) continue;
    if (!row.sub_resource.empty() && !target.query.contains(row.sub_resource)) continue;
    if (row.is_copy && !is_copy) continue;
    TRY(check_parameters(row, target.query));
    return row.operation;
  }
  return refuse(explain(request, target, level));
}

bool takes_content(Operation operation) {
  return operation == Operation::put_object || operation == Operation::upload_part;
}

}  // namespace holdfast::s3
