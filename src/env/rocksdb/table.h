// env::Table on RocksDB, for real disks.
//
// There is no write-ahead log: what the caller's log has and no flush reached is lost in a crash.
// RocksDB flushes by itself when memory is full, so what a crash leaves may be newer than the last
// flush(), but is always a state between two batches, for all families alike. Every file is
// encrypted; see file_cipher.h.
//
// What memory can answer is answered on the loop that the table was opened on, and which alone may
// use it; the rest runs on I/O threads. Batches take effect in the order of their calls.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"
#include "env/rocksdb/file_cipher.h"
#include "env/table.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace rocksdb {
class FileSystem;
}

namespace holdfast::env::rocksdb {

struct Options {
  std::string root;    // Folder that all names are relative to; it must exist.
  std::string folder;  // The table's own, below it; made when missing.
  Key key{};
  std::vector<FamilyOptions> families;  // At least one; a later open may add some, drop none.

  // Memory: read blocks, indexes and filters; rows not yet flushed.
  std::size_t cache_bytes = 64 * mib;
  std::size_t unflushed_bytes = 64 * mib;

  unsigned reader_threads = 2;

  // Where files lie; none: the system's. For tests that make it fail.
  std::shared_ptr<::rocksdb::FileSystem> files{};
};

// Opens a table or makes a new one. Fails with `denied` under another key, `unsupported` if it has
// families that are not named, `conflict` while another process has it open, `corrupt`.
//
// The table must be destroyed after its snapshots, when no call is under way. That blocks until
// RocksDB's background work has stopped, and flushes nothing.
//
// A failure in the background (disk full, I/O error, rot found by compaction) is the answer of each
// apply() and flush() from then on. Not so a full disk: as long as memory has room batches are
// applied, and then each call tries whether there is room again.
Task<Result<std::unique_ptr<Table>>> open_table(Options options);

// Whether a table that was open has met damage in the background: it does not open again.
bool has_met_damage(const Options& options);

}  // namespace holdfast::env::rocksdb
