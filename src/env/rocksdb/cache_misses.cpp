#include "env/rocksdb/cache_misses.h"

#include <rocksdb/statistics.h>

namespace holdfast::env::rocksdb {
namespace {

thread_local std::uint64_t misses = 0;

// Called by RocksDB in the thread that looked.
class MissCounter final : public ::rocksdb::Statistics {
 public:
  MissCounter() { set_stats_level(::rocksdb::kDisableAll); }

  const char* Name() const override { return "HoldfastMissCounter"; }

  void recordTick(std::uint32_t ticker, std::uint64_t count) override {
    if (ticker == ::rocksdb::BLOCK_CACHE_MISS) misses += count;
  }

  void recordInHistogram(std::uint32_t, std::uint64_t) override {}
  void reportTimeToHistogram(std::uint32_t, std::uint64_t) override {}
  bool HistEnabledForType(std::uint32_t) const override { return false; }
  std::uint64_t getTickerCount(std::uint32_t) const override { return 0; }
  std::uint64_t getAndResetTickerCount(std::uint32_t) override { return 0; }
  void setTickerCount(std::uint32_t, std::uint64_t) override {}
  void histogramData(std::uint32_t, ::rocksdb::HistogramData* const) const override {}
};

}  // namespace

std::shared_ptr<::rocksdb::Statistics> count_cache_misses() {
  return std::make_shared<MissCounter>();
}

std::uint64_t cache_misses_of_thread() {
  return misses;
}

}  // namespace holdfast::env::rocksdb
