#include "gateway/s3/verbs.h"

#include "base/check.h"

namespace holdfast::s3 {

Verb verb_of(Operation operation) {
  switch (operation) {
    case Operation::list_buckets:
      return list_buckets;
    case Operation::create_bucket:
      return create_bucket;
    case Operation::head_bucket:
      return head_bucket;
    case Operation::delete_bucket:
      return delete_bucket;
    case Operation::get_bucket_location:
      return get_bucket_location;
    case Operation::get_bucket_versioning:
      return get_bucket_versioning;
    case Operation::get_bucket_acl:
      return get_bucket_acl;
    case Operation::get_bucket_configuration:
      return get_bucket_configuration;
    case Operation::list_objects:
      return list_objects;
    case Operation::list_objects_v2:
      return list_objects_v2;
    case Operation::list_multipart_uploads:
      return list_multipart_uploads;
    case Operation::delete_objects:
      return delete_objects;
    case Operation::put_object:
      return put_object;
    case Operation::get_object:
      return get_object;
    case Operation::head_object:
      return head_object;
    case Operation::copy_object:
      return copy_object;
    case Operation::delete_object:
      return delete_object;
    case Operation::get_object_acl:
      return get_object_acl;
    case Operation::get_object_tagging:
      return get_object_tagging;
    case Operation::get_object_attributes:
      return get_object_attributes;
    case Operation::get_object_lock:
      return get_object_lock;
    case Operation::create_multipart_upload:
      return create_multipart_upload;
    case Operation::upload_part:
      return upload_part;
    case Operation::upload_part_copy:
      return upload_part_copy;
    case Operation::list_parts:
      return list_parts;
    case Operation::complete_multipart_upload:
      return complete_multipart_upload;
    case Operation::abort_multipart_upload:
      return abort_multipart_upload;
    case Operation::count:
      break;
  }
  check(false, "a routed request has an operation");
  return nullptr;
}

}  // namespace holdfast::s3
