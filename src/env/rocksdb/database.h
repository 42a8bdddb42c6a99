// An open RocksDB with all that it needs.
#pragma once

#include "base/result.h"
#include "env/rocksdb/table.h"

#include <memory>
#include <optional>
#include <vector>

namespace rocksdb {
class Cache;
class ColumnFamilyHandle;
class DB;
class Env;
class FileSystem;
class WriteBufferManager;
}  // namespace rocksdb

namespace holdfast::env::rocksdb {

class Health;  // Hears of failures in RocksDB's background threads.

struct Database {
  Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();  // Closes it, and flushes nothing.

  // The failure in the background that holds the table up now, if any. From any thread.
  std::optional<Error> background_error() const;
  void forget_background_error();

  std::shared_ptr<::rocksdb::FileSystem> plain_files;  // As they are on disk: encrypted.
  std::unique_ptr<::rocksdb::Env> env;
  std::shared_ptr<::rocksdb::Cache> cache;
  std::shared_ptr<::rocksdb::WriteBufferManager> unflushed;
  std::shared_ptr<Health> health;
  std::unique_ptr<::rocksdb::DB> db;
  std::vector<::rocksdb::ColumnFamilyHandle*> families;  // The caller's, then RocksDB's own.
};

// Blocks. Fails as open_table does.
Result<std::unique_ptr<Database>> open_database(const Options& options);

}  // namespace holdfast::env::rocksdb
