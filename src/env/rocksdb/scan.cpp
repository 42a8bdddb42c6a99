#include "env/rocksdb/scan.h"

#include "base/check.h"
#include "env/rocksdb/cache_misses.h"
#include "env/rocksdb/status.h"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

#include <limits>

namespace holdfast::env::rocksdb {
namespace {

using ::rocksdb::Iterator;
using ::rocksdb::ReadOptions;
using ::rocksdb::Slice;

constexpr std::size_t rows_per_seek = 4;  // What a seek costs, in rows.

// Deleted rows that a pass from memory steps over before it leaves the rest to an I/O thread.
constexpr std::uint64_t skipped_rows_max = 512;

std::string_view as_view(const Slice& slice) {
  return {slice.data(), slice.size()};
}

}  // namespace

Scan::Scan(::rocksdb::DB& database, ::rocksdb::ColumnFamilyHandle* family,
           const ::rocksdb::Snapshot* snapshot, const ScanRange& range, const Visitor& visitor)
    : database_(database),
      family_(family),
      snapshot_(snapshot),
      range_(range),
      visitor_(visitor),
      position_(range.from),
      is_at_end_(range.backwards && range.from.empty()) {}

Result<bool> Scan::visit_cached(std::size_t rows_max) {
  TRY_LET(const Pass pass, run(true, rows_max));
  return pass == Pass::complete;
}

Result<void> Scan::visit_rest() {
  TRY_LET(const Pass pass, run(false, std::numeric_limits<std::size_t>::max()));
  check(pass == Pass::complete, "a pass without limits is complete");
  return {};
}

Result<Scan::Pass> Scan::run(bool cached_only, std::size_t rows_max) {
  ReadOptions options;
  options.snapshot = snapshot_;
  Slice bound;
  if (range_.until) {
    bound = Slice(*range_.until);
    (range_.backwards ? options.iterate_lower_bound : options.iterate_upper_bound) = &bound;
  }
  if (cached_only) {
    options.read_tier = ::rocksdb::kBlockCacheTier;
    options.max_skippable_internal_keys = skipped_rows_max;
  }
  const std::uint64_t misses_before = cache_misses_of_thread();
  const std::unique_ptr<Iterator> rows(database_.NewIterator(options, family_));
  go_to_position(*rows);
  if (is_visited_ && rows->Valid() && rows->key() == position_) {
    range_.backwards ? rows->Prev() : rows->Next();
  }
  // From the first miss on the iterator may err, so each row is visited only before it.
  const auto may_err = [&] { return cached_only && cache_misses_of_thread() != misses_before; };
  return visit_rows(*rows, may_err, rows_max);
}

template <class MayErr>
Result<Scan::Pass> Scan::visit_rows(Iterator& rows, const MayErr& may_err, std::size_t rows_max) {
  while (rows.Valid()) {
    if (may_err()) return Pass::out_of_cache;
    if (rows_max == 0) return Pass::out_of_rows;
    position_.assign(rows.key().data(), rows.key().size());
    Visit visit = visitor_(as_view(rows.key()), as_view(rows.value()));
    is_visited_ = true;
    is_at_end_ = false;
    --rows_max;
    switch (visit.kind) {
      case Visit::Kind::stop:
        return Pass::complete;
      case Visit::Kind::next:
        range_.backwards ? rows.Prev() : rows.Next();
        break;
      case Visit::Kind::seek:
        if (range_.backwards ? visit.key >= position_ : visit.key <= position_) {
          range_.backwards ? rows.Prev() : rows.Next();
          break;
        }
        position_ = std::move(visit.key);
        is_visited_ = false;
        if (passed(position_)) return Pass::complete;
        go_to_position(rows);
        rows_max -= std::min(rows_max, rows_per_seek);
        break;
    }
  }
  if (may_err() || rows.status().IsIncomplete()) return Pass::out_of_cache;
  TRY(to_result(rows.status(), "scan a table"));
  return Pass::complete;
}

void Scan::go_to_position(Iterator& rows) const {
  if (!range_.backwards) {
    rows.Seek(position_);
  } else if (is_at_end_) {
    rows.SeekToLast();
  } else {
    rows.SeekForPrev(position_);
  }
}

bool Scan::passed(const Slice& key) const {
  if (!range_.until) return false;
  return range_.backwards ? key.compare(*range_.until) < 0 : key.compare(*range_.until) >= 0;
}

}  // namespace holdfast::env::rocksdb
