// The source of a copy, as x-amz-copy-source and its companions name it.
#pragma once

#include "gateway/s3/metadata.h"

#include <string>

namespace holdfast::s3 {

class CopySource {
 public:
  // "bucket/key" or "/bucket/key", percent-encoded, perhaps with "?versionId=null" behind it.
  static Outcome<CopySource> create(const Call& call);

  const std::string& bucket() const { return bucket_; }
  const std::string& key() const { return key_; }

  // Looks the object up and judges x-amz-copy-source-if-…. The caller must be allowed to read it.
  Task<Outcome<catalog::ObjectInfo>> look_up(Call& call);

  // For the catalog: `seen`, still unchanged. Must not outlive this.
  catalog::Catalog::Source pinned(const catalog::ObjectInfo& seen) const;

  // Whether a failure of the catalog means that the source changed since look_up(): try again.
  bool has_moved() const { return has_moved_; }
  void forget() { has_moved_ = false; }

  catalog::BucketId bucket_id() const { return bucket_id_; }

 private:
  std::string bucket_;
  std::string key_;
  catalog::BucketId bucket_id_ = 0;
  Conditions conditions_;
  mutable bool has_moved_ = false;
};

// How often a copy is begun anew because its source changed meanwhile.
inline constexpr int copy_attempts_max = 5;

}  // namespace holdfast::s3
