// Multipart uploads.
//
// The upload's number is its content: the extents of all its parts lie under it, each part as a
// stream of its own. Completing names that content, so nothing but rows of parts is written;
// aborting removes its rows.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "catalog/state.h"

#include <functional>
#include <string>
#include <vector>

namespace holdfast::catalog {

class Uploads {
 public:
  static constexpr std::size_t part_field_bytes_max = 1024;

  Uploads(State& state, Buckets& buckets, Objects& objects)
      : state_(state), buckets_(buckets), objects_(objects) {}

  Task<Result<UploadInfo>> create(BucketId bucket, std::string key, UserId initiator,
                                  Fields fields);
  Task<Result<UploadInfo>> find(BucketId bucket, std::string key, UploadId id);
  Task<Result<PartInfo>> put_part(Catalog::PartPlace place, vault::Content content,
                                  Attributes attributes);
  Task<Result<PartInfo>> copy_part(Catalog::Source source, RangeChooser range,
                                   Catalog::PartPlace place, Attributes attributes);
  Task<Result<std::vector<PartInfo>>> list_parts(BucketId bucket, std::string key, UploadId id,
                                                 std::uint32_t after, std::size_t count_max);
  Task<Result<ListUploadsPage>> list(ListUploadsRequest request);
  Task<Result<ObjectInfo>> complete(BucketId bucket, std::string key, UploadId id,
                                    std::vector<PartChoice> parts, Attributes attributes,
                                    Condition condition);
  Task<Result<void>> abort(BucketId bucket, std::string key, UploadId id);
  Task<Result<std::size_t>> abort_stale(WallTime before);

 private:
  // A part about to be written: its upload stays, and nobody else writes that part.
  struct HeldPart {
    Locks::Hold upload;
    Locks::Hold part;
  };
  Task<Result<HeldPart>> hold_part(const Catalog::PartPlace& place);
  Task<Result<PartInfo>> commit_part(ContentId upload, PartRow row, BodyWriter& writer);
  Task<Result<PartInfo>> write_part(ContentId upload, std::uint32_t number, Attributes attributes,
                                    BodyWriter& writer);
  Task<Result<void>> copy_range(const Catalog::Source& source, const RangeChooser& range,
                                BucketId bucket, BodyWriter& writer);
  Task<Result<std::vector<PartRow>>> read_parts(ContentId upload, std::uint32_t after,
                                                std::size_t count_max);
  Task<Result<ObjectInfo>> find_completed(BucketId bucket, const std::string& key,
                                          const UploadId& id);
  static void put_parts(vault::Record& record, ContentId upload,
                        const std::vector<PartRow>& chosen);

  State& state_;
  Buckets& buckets_;
  Objects& objects_;
};

}  // namespace holdfast::catalog
