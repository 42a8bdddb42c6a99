// Which operation a request means. What is not understood to the last parameter and header is
// refused before anything is touched: a PUT with an unknown sub-resource is never a PUT of an
// object.
#pragma once

#include "gateway/s3/protocol/error.h"
#include "gateway/s3/protocol/target.h"
#include "net/http.h"

#include <cstdint>

namespace holdfast::s3 {

enum class Operation : std::uint8_t {
  list_buckets,
  create_bucket,
  head_bucket,
  delete_bucket,
  get_bucket_location,
  get_bucket_versioning,
  get_bucket_acl,
  get_bucket_configuration,  // One of those that no bucket has: the answer says so.
  list_objects,
  list_objects_v2,
  list_multipart_uploads,
  delete_objects,
  put_object,
  get_object,
  head_object,
  copy_object,
  delete_object,
  get_object_acl,
  get_object_tagging,
  get_object_attributes,
  get_object_lock,  // Retention or legal hold, which no object has.
  create_multipart_upload,
  upload_part,
  upload_part_copy,
  list_parts,
  complete_multipart_upload,
  abort_multipart_upload,
  count,
};

// Fails with NotImplemented, MethodNotAllowed or InvalidArgument. Nothing of the request's body or
// of what is stored matters.
Outcome<Operation> find_operation(const net::Request& request, const Target& target);

// Whether the operation takes a body in chunks (aws-chunked).
bool takes_content(Operation operation);

}  // namespace holdfast::s3
