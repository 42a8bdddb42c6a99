// How RocksDB is set up for a table.
#pragma once

#include "env/rocksdb/table.h"

#include <memory>

namespace rocksdb {
class Cache;
class MergeOperator;
class WriteBufferManager;
struct ColumnFamilyOptions;
struct DBOptions;
}  // namespace rocksdb

namespace holdfast::env::rocksdb {

// Without the parts that belong to one table: env, listeners.
::rocksdb::DBOptions database_options(const Options& options);

::rocksdb::ColumnFamilyOptions family_options(const Options& options, const FamilyOptions& family,
                                              const std::shared_ptr<::rocksdb::Cache>& cache);

// Adds counters as Batch::add says.
std::shared_ptr<::rocksdb::MergeOperator> add_counters();

}  // namespace holdfast::env::rocksdb
