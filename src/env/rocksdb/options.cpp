#include "env/rocksdb/options.h"

#include "base/log.h"
#include "env/rocksdb/cache_misses.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace holdfast::env::rocksdb {
namespace {

using ::rocksdb::CompressionType;
using ::rocksdb::Slice;

constexpr int compression_level = 1;
constexpr double filter_bits_per_key = 10;  // One miss in a hundred reads a block.
constexpr std::size_t lookup_block_bytes = 4 * kib;
constexpr std::size_t scan_block_bytes = 8 * kib;
constexpr std::size_t index_block_bytes = 4 * kib;
constexpr std::uint64_t file_bytes = 64 * mib;  // Checkpoints copy whole files: keep them small.
constexpr std::uint64_t level_base_bytes = 2 * file_bytes;
constexpr std::size_t arena_bytes = 256 * kib;
constexpr std::size_t sync_interval_bytes = mib;  // Writes back early, so that no sync is long.
constexpr std::size_t manifest_bytes_max = 16 * mib;
constexpr std::size_t manifest_reserve_bytes = 64 * kib;
constexpr int background_jobs = 2;       // A flush and a compaction.
constexpr int memtables_per_family = 3;  // The one in use and two being flushed.
constexpr std::size_t unflushed_per_memtable = 4;

// A counter that changes all the time is folded into one value after so many changes.
constexpr std::size_t unfolded_changes_max = 16;

// Share of a memtable for a filter of its keys.
constexpr double memtable_filter_share = 0.02;

class AddCounters final : public ::rocksdb::AssociativeMergeOperator {
 public:
  // Fails, and with it the read, when either is not a run of whole numbers.
  bool Merge(const Slice&, const Slice* present, const Slice& deltas, std::string* sum,
             ::rocksdb::Logger*) const override {
    const Slice base = present != nullptr ? *present : Slice();
    if (base.size() % sizeof(std::int64_t) != 0 || deltas.size() % sizeof(std::int64_t) != 0) {
      return false;
    }
    sum->assign(base.data(), base.size());
    sum->resize(std::max(base.size(), deltas.size()), '\0');
    for (std::size_t at = 0; at < deltas.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t counter = 0;  // Unsigned, because it may wrap around.
      std::uint64_t delta = 0;
      std::memcpy(&counter, sum->data() + at, sizeof counter);
      std::memcpy(&delta, deltas.data() + at, sizeof delta);
      counter += delta;
      std::memcpy(sum->data() + at, &counter, sizeof counter);
    }
    return true;
  }

  const char* Name() const override { return "HoldfastAddCounters"; }
};

// RocksDB's own log, whose errors people see as warnings: what matters of them comes back as the
// failure of a call. Without what may quote a key.
class ForwardingLogger final : public ::rocksdb::Logger {
 public:
  ForwardingLogger() : Logger(::rocksdb::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(const ::rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < ::rocksdb::WARN_LEVEL || level > ::rocksdb::FATAL_LEVEL) return;
    std::array<char, 512> line{};
    if (std::vsnprintf(line.data(), line.size(), format, arguments) < 0) return;
    std::string_view text(line.data());
    if (text.find("key") != std::string_view::npos) return;
    text = text.substr(0, text.find_last_not_of(" \n") + 1);
    if (level == ::rocksdb::WARN_LEVEL) {
      log::debug("table: {}", text);
    } else {
      log::warning("table: {}", text);
    }
  }
  // What has no level is for RocksDB's developers.
  void Logv(const char*, va_list) override {}
};

// zstd rather than LZ4: much of a row is ids and digests, which have no repeats to find, but as
// text, or beside small numbers, take fewer bits than bytes have.
CompressionType best_compression() {
  const auto supported = ::rocksdb::GetSupportedCompressions();
  const bool has_zstd =
      std::find(supported.begin(), supported.end(), ::rocksdb::kZSTD) != supported.end();
  return has_zstd ? ::rocksdb::kZSTD : ::rocksdb::kNoCompression;
}

::rocksdb::BlockBasedTableOptions block_options(const FamilyOptions& family,
                                                const std::shared_ptr<::rocksdb::Cache>& cache) {
  ::rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.block_size = family.point_lookups ? lookup_block_bytes : scan_block_bytes;
  blocks.checksum = ::rocksdb::kXXH3;
  blocks.format_version = 5;
  blocks.index_type = ::rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  blocks.metadata_block_size = index_block_bytes;
  blocks.cache_index_and_filter_blocks = true;
  blocks.cache_index_and_filter_blocks_with_high_priority = true;
  blocks.pin_top_level_index_and_filter = true;
  if (family.point_lookups) {
    blocks.filter_policy.reset(::rocksdb::NewBloomFilterPolicy(filter_bits_per_key));
    blocks.whole_key_filtering = true;
    blocks.partition_filters = true;
    blocks.optimize_filters_for_memory = true;
  }
  return blocks;
}

}  // namespace

std::shared_ptr<::rocksdb::MergeOperator> add_counters() {
  return std::make_shared<AddCounters>();
}

::rocksdb::DBOptions database_options(const Options& options) {
  ::rocksdb::DBOptions database;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  database.info_log = std::make_shared<ForwardingLogger>();
  database.info_log_level = ::rocksdb::WARN_LEVEL;

  // All families are flushed together, and only when asked or full.
  database.atomic_flush = true;
  database.avoid_flush_during_shutdown = true;
  database.write_buffer_manager =
      std::make_shared<::rocksdb::WriteBufferManager>(options.unflushed_bytes);
  database.allow_concurrent_memtable_write = false;  // One loop writes; folding counters needs it.

  // The table says when to try again after a failure, also to its listener.
  database.max_bgerror_resume_count = 0;

  database.max_background_jobs = background_jobs;
  database.max_subcompactions = 1;
  // Every file stays open: see cache_misses.h.
  database.max_open_files = -1;
  database.max_file_opening_threads = 1;
  database.statistics = count_cache_misses();
  database.skip_stats_update_on_db_open = true;
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;

  // Keeps the deletion of files off the loop.
  database.avoid_unnecessary_blocking_io = true;

  database.bytes_per_sync = sync_interval_bytes;
  database.max_manifest_file_size = manifest_bytes_max;
  database.manifest_preallocation_size = manifest_reserve_bytes;
  return database;
}

::rocksdb::ColumnFamilyOptions family_options(const Options& options, const FamilyOptions& family,
                                              const std::shared_ptr<::rocksdb::Cache>& cache) {
  ::rocksdb::ColumnFamilyOptions rows;
  rows.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(block_options(family, cache)));
  rows.compression = best_compression();
  rows.compression_opts.level = compression_level;
  rows.write_buffer_size = options.unflushed_bytes / unflushed_per_memtable;
  rows.arena_block_size = arena_bytes;
  rows.max_write_buffer_number = memtables_per_family;
  rows.level_compaction_dynamic_level_bytes = true;
  rows.target_file_size_base = file_bytes;
  rows.max_bytes_for_level_base = level_base_bytes;
  if (family.point_lookups) {
    rows.memtable_prefix_bloom_size_ratio = memtable_filter_share;
    rows.memtable_whole_key_filtering = true;
  }
  if (family.counters) {
    rows.merge_operator = add_counters();
    rows.max_successive_merges = unfolded_changes_max;
  }
  return rows;
}

}  // namespace holdfast::env::rocksdb
