// How reads that may use memory only learn that memory did not have it all.
//
// RocksDB 7.8 says so by a status, which its iterators lose at the edges of a file: such a scan
// would end early or show rows that were deleted since. So misses of the block cache are counted.
#pragma once

#include <cstdint>
#include <memory>

namespace rocksdb {
class Statistics;
}

namespace holdfast::env::rocksdb {

std::shared_ptr<::rocksdb::Statistics> count_cache_misses();

// Blocks that this thread looked for in the cache of any table and did not find. Grows for ever.
std::uint64_t cache_misses_of_thread();

}  // namespace holdfast::env::rocksdb
