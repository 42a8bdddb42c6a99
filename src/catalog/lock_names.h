// The names under which the catalog locks things, in the order in which one task takes them.
#pragma once

#include "catalog/rows.h"

#include <string>
#include <string_view>

namespace holdfast::catalog {

// Shared by every change in the bucket while it looks and commits; excluded by what moves or
// removes directories or the bucket itself.
inline std::string bucket_lock(BucketId bucket) {
  return "b" + number_key(bucket);
}
inline std::string bucket_name_lock(std::string_view name) {
  return "n" + std::string(name);
}
inline std::string object_lock(BucketId bucket, std::string_view key) {
  return "o" + name_key(bucket, key);
}
inline std::string making_lock(DirectoryId parent, std::string_view name) {
  return "d" + name_key(parent, name);
}
// Shared by whoever adds parts, excluded by whoever ends the upload.
inline std::string upload_lock(ContentId upload) {
  return "u" + number_key(upload);
}
inline std::string part_lock(ContentId upload, std::uint32_t number) {
  return "p" + upload_part_key(upload, number);
}

}  // namespace holdfast::catalog
