#include "env/rocksdb/table.h"

#include "base/check.h"
#include "base/sync.h"
#include "env/linux/thread_pool.h"
#include "env/rocksdb/database.h"
#include "env/rocksdb/scan.h"
#include "env/rocksdb/status.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace holdfast::env::rocksdb {
namespace {

using ::rocksdb::ColumnFamilyHandle;
using ::rocksdb::PinnableSlice;
using ::rocksdb::ReadOptions;
using ::rocksdb::ReadTier;
using ::rocksdb::Slice;
using ::rocksdb::Status;
using ::rocksdb::WriteBatch;

// More than this at a time would hold up the loop.
constexpr std::size_t rows_on_loop_max = 128;
constexpr std::size_t changes_on_loop_max = 1024;

// How often a batch that RocksDB holds up is tried again.
constexpr std::chrono::milliseconds stalled_pause{1};

// A read of memory only answers an empty value where it knows no more than that there may be one.
bool may_be_unread(const std::optional<std::string>& value) {
  return value && value->empty();
}

class HeldSnapshot final : public Snapshot {
 public:
  HeldSnapshot(::rocksdb::DB& database, std::size_t& count)
      : database_(database), count_(count), snapshot_(database.GetSnapshot()) {
    ++count_;
  }
  HeldSnapshot(const HeldSnapshot&) = delete;
  HeldSnapshot& operator=(const HeldSnapshot&) = delete;
  ~HeldSnapshot() override {
    database_.ReleaseSnapshot(snapshot_);
    --count_;
  }

  const ::rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  ::rocksdb::DB& database_;
  std::size_t& count_;
  const ::rocksdb::Snapshot* snapshot_;
};

const ::rocksdb::Snapshot* snapshot_of(const Snapshot* snapshot) {
  return snapshot != nullptr ? static_cast<const HeldSnapshot*>(snapshot)->get() : nullptr;
}

class DatabaseTable final : public Table {
 public:
  // Both are needed from the start: open() runs on one of the threads.
  struct Threads {
    Threads(const boost::asio::any_io_executor& loop, unsigned reader_count)
        : readers(loop, reader_count, "table read"), writer(loop, 1, "table write") {}
    linux::ThreadPool readers;
    linux::ThreadPool writer;  // For what may take long: flushes, copies, batches held up.
  };

  DatabaseTable(std::unique_ptr<Threads> threads, std::unique_ptr<Database> database,
                Options options)
      : options_(std::move(options)),
        database_(std::move(database)),
        db_(*database_->db),
        threads_(std::move(threads)) {}
  ~DatabaseTable() override {
    check(snapshots_ == 0, "a table's snapshots are released before it is destroyed");
  }

  Task<Result<std::optional<std::string>>> get(Family family, std::string key,
                                               const Snapshot* snapshot) override;
  Task<Result<std::vector<std::optional<std::string>>>> get_many(
      Family family, std::vector<std::string> keys) override;
  Task<Result<void>> scan(ScanRange range, Visitor visitor) override;
  std::unique_ptr<Snapshot> snapshot() override {
    return std::make_unique<HeldSnapshot>(db_, snapshots_);
  }
  Task<Result<void>> apply(Batch batch) override;
  Task<Result<void>> flush() override;
  Task<Result<std::vector<TableFile>>> copy_to(std::string folder) override;
  Usage usage() const override;

 private:
  using Values = std::vector<std::optional<std::string>>;

  struct ManyReads {
    std::vector<std::string> keys;
    Values values;
    std::vector<std::size_t> places;  // Without an answer.
  };

  ColumnFamilyHandle* handle(Family family) const {
    check(family < options_.families.size(), "a family of the table");
    return database_->families[family];
  }
  ReadOptions read_options(ReadTier tier, const ::rocksdb::Snapshot* snapshot) const {
    ReadOptions options;
    options.read_tier = tier;
    options.snapshot = snapshot;
    return options;
  }
  Status read(ReadTier tier, Family family, const std::string& key,
              const ::rocksdb::Snapshot* snapshot, std::optional<std::string>& value) const;
  // Reads those of `many` that have no answer yet. Leaves those that are not in memory, where only
  // that is read.
  Result<void> read_many(const ReadOptions& options, Family family, ManyReads& many) const;
  void encode(const Batch& batch, WriteBatch& writes) const;
  Status write(WriteBatch& writes) const;
  Result<void> write_patiently(WriteBatch& writes) const;
  // Ends the state that a full disk has brought about, if there is room by now.
  Result<void> recover() const;
  Result<void> flush_now() const;
  // Whether some rows wait to be flushed that are past being changed.
  bool has_unwritten() const;
  Result<std::vector<TableFile>> copy_now(const std::string& folder) const;

  Options options_;
  std::unique_ptr<Database> database_;
  ::rocksdb::DB& db_;
  std::unique_ptr<Threads> threads_;  // Ended before the database closes.
  std::size_t snapshots_ = 0;
  std::size_t waiting_batches_ = 0;
  Mutex batch_order_;
};

Status DatabaseTable::read(ReadTier tier, Family family, const std::string& key,
                           const ::rocksdb::Snapshot* snapshot,
                           std::optional<std::string>& value) const {
  PinnableSlice found;
  Status status = db_.Get(read_options(tier, snapshot), handle(family), key, &found);
  if (status.ok()) value.emplace(found.data(), found.size());
  return status.IsNotFound() ? Status::OK() : status;
}

Task<Result<std::optional<std::string>>> DatabaseTable::get(Family family, std::string key,
                                                            const Snapshot* snapshot) {
  const auto* at = snapshot_of(snapshot);
  std::optional<std::string> value;
  Status status = read(ReadTier::kBlockCacheTier, family, key, at, value);
  if (status.IsIncomplete() || (status.ok() && may_be_unread(value))) {
    const auto read_disk = [&] { return read(ReadTier::kReadAllTier, family, key, at, value); };
    status = co_await threads_->readers.call(read_disk);
  }
  CO_TRY(to_result(status, "read a table"));
  co_return value;
}

Result<void> DatabaseTable::read_many(const ReadOptions& options, Family family,
                                      ManyReads& many) const {
  const std::vector<std::size_t> places = std::exchange(many.places, {});
  std::vector<Slice> wanted;
  wanted.reserve(places.size());
  for (const std::size_t place : places) wanted.emplace_back(many.keys[place]);
  std::vector<PinnableSlice> found(wanted.size());
  std::vector<Status> statuses(wanted.size());
  db_.MultiGet(options, handle(family), wanted.size(), wanted.data(), found.data(),
               statuses.data());
  const bool is_cached_only = options.read_tier == ReadTier::kBlockCacheTier;
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::optional<std::string>& value = many.values[places[i]];
    const Status& status = statuses[i];
    if (status.ok()) value.emplace(found[i].data(), found[i].size());
    if (status.IsIncomplete() || (is_cached_only && may_be_unread(value))) {
      value.reset();
      many.places.push_back(places[i]);
    } else if (!status.ok() && !status.IsNotFound()) {
      return std::unexpected(to_error(status, "read a table"));
    }
  }
  return {};
}

Task<Result<DatabaseTable::Values>> DatabaseTable::get_many(Family family,
                                                            std::vector<std::string> keys) {
  ManyReads many;
  many.values.resize(keys.size());
  many.places.resize(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) many.places[i] = i;
  many.keys = std::move(keys);

  // All answers are of one moment.
  const HeldSnapshot held(db_, snapshots_);
  if (many.keys.size() <= rows_on_loop_max) {
    const ReadOptions cached = read_options(ReadTier::kBlockCacheTier, held.get());
    CO_TRY(read_many(cached, family, many));
  }
  if (!many.places.empty()) {
    const ReadOptions all = read_options(ReadTier::kReadAllTier, held.get());
    const auto read_disk = [&] { return read_many(all, family, many); };
    CO_TRY(co_await threads_->readers.call(read_disk));
    check(many.places.empty(), "a read of the disk is complete");
  }
  co_return std::move(many.values);
}

Task<Result<void>> DatabaseTable::scan(ScanRange range, Visitor visitor) {
  std::optional<HeldSnapshot> own;
  if (range.snapshot == nullptr) own.emplace(db_, snapshots_);
  const auto* at = own ? own->get() : snapshot_of(range.snapshot);
  Scan scan(db_, handle(range.family), at, range, visitor);
  CO_TRY_LET(const bool is_complete, scan.visit_cached(rows_on_loop_max));
  if (is_complete) co_return Result<void>();
  co_return co_await threads_->readers.call([&scan] { return scan.visit_rest(); });
}

void DatabaseTable::encode(const Batch& batch, WriteBatch& writes) const {
  Status status;
  for (const Batch::Change& change : batch.changes) {
    ColumnFamilyHandle* family = handle(change.family);
    switch (change.kind) {
      case Batch::Kind::put:
        status = writes.Put(family, change.key, change.value);
        break;
      case Batch::Kind::remove:
        status = writes.Delete(family, change.key);
        break;
      case Batch::Kind::add:
        check(options_.families[change.family].counters, "only counters are added to");
        status = writes.Merge(family, change.key, change.value);
        break;
      case Batch::Kind::remove_range:
        if (change.key < change.value) {
          status = writes.DeleteRange(family, change.key, change.value);
        }
        break;
    }
    check(status.ok(), "a batch in memory takes any change");
  }
}

Status DatabaseTable::write(WriteBatch& writes) const {
  ::rocksdb::WriteOptions options;
  options.disableWAL = true;
  options.no_slowdown = true;
  return db_.Write(options, &writes);
}

Task<Result<void>> DatabaseTable::apply(Batch batch) {
  if (const auto error = database_->background_error(); error && error->code() != ErrorCode::full) {
    co_return std::unexpected(*error);
  }
  WriteBatch writes;
  encode(batch, writes);
  if (waiting_batches_ == 0 && batch.changes.size() <= changes_on_loop_max) {
    const Status status = write(writes);
    const bool is_held_up = status.IsIncomplete() || status.IsNoSpace();
    if (!is_held_up) co_return to_result(status, "change a table");
  }
  ++waiting_batches_;
  Result<void> result;
  {
    const Semaphore::Hold turn = co_await batch_order_.lock();
    result = co_await threads_->writer.call([&] { return write_patiently(writes); });
  }
  --waiting_batches_;
  co_return result;
}

Result<void> DatabaseTable::write_patiently(WriteBatch& writes) const {
  while (true) {
    TRY(recover());
    const Status status = write(writes);
    if (!status.IsIncomplete()) return to_result(status, "change a table");
    std::this_thread::sleep_for(stalled_pause);
  }
}

Result<void> DatabaseTable::recover() const {
  const auto error = database_->background_error();
  if (!error) return {};
  if (error->code() != ErrorCode::full) return std::unexpected(*error);
  TRY(to_result(db_.Resume(), "flush a table"));
  database_->forget_background_error();
  return {};
}

Task<Result<void>> DatabaseTable::flush() {
  co_return co_await threads_->writer.call([this] { return flush_now(); });
}

Result<void> DatabaseTable::flush_now() const {
  TRY(recover());
  ::rocksdb::FlushOptions options;
  options.wait = true;
  options.allow_write_stall = true;
  TRY(to_result(db_.Flush(options, database_->families), "flush a table"));
  // Once a Resume() has failed, RocksDB 7.8 does not wait for what it was asked to flush, even
  // after one that succeeded.
  while (has_unwritten()) {
    if (auto error = database_->background_error()) return std::unexpected(*std::move(error));
    std::this_thread::sleep_for(stalled_pause);
  }
  if (auto error = database_->background_error()) return std::unexpected(*std::move(error));
  return {};
}

bool DatabaseTable::has_unwritten() const {
  const auto has_any = [this](ColumnFamilyHandle* family) {
    std::uint64_t count = 0;
    const bool is_known =
        db_.GetIntProperty(family, ::rocksdb::DB::Properties::kNumImmutableMemTable, &count);
    check(is_known, "RocksDB counts what it has not flushed yet");
    return count > 0;
  };
  return std::ranges::any_of(database_->families, has_any);
}

Task<Result<std::vector<TableFile>>> DatabaseTable::copy_to(std::string folder) {
  co_return co_await threads_->writer.call([&] { return copy_now(folder); });
}

Result<std::vector<TableFile>> DatabaseTable::copy_now(const std::string& folder) const {
  const std::string path = options_.root + "/" + folder;
  const ::rocksdb::IOOptions io;
  if (database_->plain_files->FileExists(path, io, nullptr).ok()) {
    return fail(ErrorCode::already_exists, "copy a table to " + path + ": it exists");
  }
  TRY(flush_now());
  ::rocksdb::Checkpoint* made = nullptr;
  TRY(to_result(::rocksdb::Checkpoint::Create(&db_, &made), "copy a table"));
  const std::unique_ptr<::rocksdb::Checkpoint> checkpoint(made);
  TRY(to_result(checkpoint->CreateCheckpoint(path), "copy a table to " + path));

  std::vector<::rocksdb::FileAttributes> found;
  TRY(to_result(database_->plain_files->GetChildrenFileAttributes(path, io, &found, nullptr),
                "list " + path));
  std::vector<TableFile> files;
  for (const auto& file : found) {
    if (file.name != "." && file.name != "..") files.push_back({file.name, file.size_bytes});
  }
  std::ranges::sort(files, {}, &TableFile::name);
  return files;
}

Table::Usage DatabaseTable::usage() const {
  using Properties = ::rocksdb::DB::Properties;
  Usage usage;
  std::uint64_t readers = 0;
  db_.GetAggregatedIntProperty(Properties::kTotalSstFilesSize, &usage.disk);
  db_.GetAggregatedIntProperty(Properties::kEstimateTableReadersMem, &readers);
  usage.memory = database_->cache->GetUsage() + database_->unflushed->memory_usage() + readers;
  return usage;
}

}  // namespace

Task<Result<std::unique_ptr<Table>>> open_table(Options options) {
  check(!options.families.empty(), "a table has families");
  auto threads = std::make_unique<DatabaseTable::Threads>(co_await boost::asio::this_coro::executor,
                                                          std::max(1U, options.reader_threads));
  CO_TRY_LET(auto database,
             co_await threads->writer.call([&options] { return open_database(options); }));
  co_return std::make_unique<DatabaseTable>(std::move(threads), std::move(database),
                                            std::move(options));
}

}  // namespace holdfast::env::rocksdb
