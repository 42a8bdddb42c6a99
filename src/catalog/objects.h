// Objects: naming contents, reading them, taking the names away.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/body_writer.h"
#include "catalog/buckets.h"
#include "catalog/catalog.h"
#include "catalog/lookup.h"
#include "catalog/state.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::catalog {

class Objects {
 public:
  // How often a read or copy that a collection overtook begins again.
  static constexpr int attempts_max = 5;

  Objects(State& state, Buckets& buckets) : state_(state), buckets_(buckets) {}

  Task<Result<ObjectInfo>> put(BucketId bucket, std::string key, vault::Content content,
                               Attributes attributes, Condition condition);
  Task<Result<ObjectInfo>> head(BucketId bucket, std::string key);
  Task<Result<OpenObject>> get(BucketId bucket, std::string key, RangeChooser range);
  Task<Result<std::optional<ObjectInfo>>> remove(BucketId bucket, std::string key,
                                                 Condition condition);
  Task<Result<ObjectInfo>> copy(Catalog::Source source, BucketId bucket, std::string key,
                                std::optional<Attributes> attributes, Condition condition);
  Task<Result<void>> rename(BucketId bucket, std::string from, std::string to);
  Task<Result<void>> rename_directory(BucketId bucket, std::string from, std::string to);
  Task<Result<std::vector<PartInfo>>> object_parts(BucketId bucket, std::string key);

  // --- For uploads too.
  // The row as of `snapshot`; `not_found` if there is none.
  Task<Result<ObjectRow>> read(BucketId bucket, const std::string& key,
                               const env::Snapshot* snapshot = nullptr);

  // An object and the range of it that `chooser` wants, protected while it is held.
  struct Opened {
    ObjectInfo info;
    ByteRange range;
    std::shared_ptr<OpenBody> body;
  };
  Task<Result<Opened>> open(BucketId bucket, const std::string& key, const RangeChooser& chooser);

  // Writes the rows of the opened range: chunks that lie in it are shared, not read; the bytes of
  // those at its borders are written anew. `conflict` when a collection was faster.
  Task<Result<void>> transfer(const Opened& from, BucketId bucket, BodyWriter& into);

  // Keeps other changes of the object away, and the bucket in place.
  struct Held {
    Locks::Hold bucket;
    Locks::Hold object;
  };
  Task<Result<Held>> hold(BucketId bucket, const std::string& key);

  // Under such a hold: commits `record` with the row, if `condition` agrees to what is there now.
  Task<Result<ObjectInfo>> name(BucketId bucket, const std::string& key, ObjectRow row,
                                vault::Record record, const Condition& condition);

 private:
  struct Existing {
    Place place;
    std::string row_key;
    ObjectRow row;
  };
  Task<Result<std::optional<Existing>>> find(BucketId bucket, const std::string& key);
  Task<Result<std::optional<Existing>>> find_in(Place place, const std::string& key);
  Task<Result<ObjectInfo>> copy_once(const Catalog::Source& source, BucketId bucket,
                                     const std::string& key,
                                     const std::optional<Attributes>& attributes,
                                     const Condition& condition);
  Task<Result<vault::Content>> copy_bytes(const vault::Extent& extent, std::uint64_t from,
                                          std::uint64_t until, BucketId bucket);
  // Names what was written; takes it back if that fails.
  Task<Result<ObjectInfo>> publish(BucketId bucket, const std::string& key, ObjectRow row,
                                   BodyWriter& writer, const Condition& condition);
  Task<Result<ObjectInfo>> publish_once(BucketId bucket, const std::string& key, ObjectRow row,
                                        BodyWriter& writer, const Condition& condition);
  Task<void> tidy(BucketId bucket, const std::string& key);

  State& state_;
  Buckets& buckets_;
};

}  // namespace holdfast::catalog
