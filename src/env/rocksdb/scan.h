// One pass over a range of rows, which may be interrupted and go on where it was: first on the
// loop, from memory only, then on an I/O thread. It sees one state throughout.
#pragma once

#include "base/result.h"
#include "env/table.h"

#include <cstddef>
#include <memory>
#include <string>

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Iterator;
class Slice;
class Snapshot;
}  // namespace rocksdb

namespace holdfast::env::rocksdb {

class Scan {
 public:
  // All that is referred to must outlive the scan.
  Scan(::rocksdb::DB& database, ::rocksdb::ColumnFamilyHandle* family,
       const ::rocksdb::Snapshot* snapshot, const ScanRange& range, const Visitor& visitor);

  // Visits at most `rows_max` rows (a seek counts for several), reading memory only. True if the
  // scan is complete.
  Result<bool> visit_cached(std::size_t rows_max);

  // Visits all that is left.
  Result<void> visit_rest();

 private:
  enum class Pass { complete, out_of_rows, out_of_cache };

  Result<Pass> run(bool cached_only, std::size_t rows_max);
  template <class MayErr>
  Result<Pass> visit_rows(::rocksdb::Iterator& rows, const MayErr& may_err, std::size_t rows_max);
  void go_to_position(::rocksdb::Iterator& rows) const;
  bool passed(const ::rocksdb::Slice& key) const;

  ::rocksdb::DB& database_;
  ::rocksdb::ColumnFamilyHandle* family_;
  const ::rocksdb::Snapshot* snapshot_;
  const ScanRange& range_;
  const Visitor& visitor_;
  // Where to go on: after this key, at it, or at the last of all.
  std::string position_;
  bool is_visited_ = false;
  bool is_at_end_;
};

}  // namespace holdfast::env::rocksdb
