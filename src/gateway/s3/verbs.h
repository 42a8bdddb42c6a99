// What the gateway can do: one function an operation, each in a file of its name.
#pragma once

#include "gateway/s3/call.h"

namespace holdfast::s3 {

// Answers the call, or returns what to answer instead.
using Verb = Task<Outcome<void>> (*)(Call& call);

Task<Outcome<void>> list_buckets(Call& call);
Task<Outcome<void>> create_bucket(Call& call);
Task<Outcome<void>> head_bucket(Call& call);
Task<Outcome<void>> delete_bucket(Call& call);
Task<Outcome<void>> get_bucket_location(Call& call);
Task<Outcome<void>> get_bucket_versioning(Call& call);
Task<Outcome<void>> get_bucket_acl(Call& call);
Task<Outcome<void>> get_bucket_configuration(Call& call);
Task<Outcome<void>> list_objects(Call& call);
Task<Outcome<void>> list_objects_v2(Call& call);
Task<Outcome<void>> list_multipart_uploads(Call& call);
Task<Outcome<void>> delete_objects(Call& call);
Task<Outcome<void>> put_object(Call& call);
Task<Outcome<void>> get_object(Call& call);
Task<Outcome<void>> head_object(Call& call);
Task<Outcome<void>> copy_object(Call& call);
Task<Outcome<void>> delete_object(Call& call);
Task<Outcome<void>> get_object_acl(Call& call);
Task<Outcome<void>> get_object_tagging(Call& call);
Task<Outcome<void>> get_object_attributes(Call& call);
Task<Outcome<void>> get_object_lock(Call& call);
Task<Outcome<void>> create_multipart_upload(Call& call);
Task<Outcome<void>> upload_part(Call& call);
Task<Outcome<void>> upload_part_copy(Call& call);
Task<Outcome<void>> list_parts(Call& call);
Task<Outcome<void>> complete_multipart_upload(Call& call);
Task<Outcome<void>> abort_multipart_upload(Call& call);

// Exhaustive: every operation has its verb.
Verb verb_of(Operation operation);

}  // namespace holdfast::s3
