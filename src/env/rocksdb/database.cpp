#include "env/rocksdb/database.h"

#include "env/rocksdb/encrypted_files.h"
#include "env/rocksdb/options.h"
#include "env/rocksdb/status.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace holdfast::env::rocksdb {
namespace {

constexpr int cache_shard_bits = 4;
constexpr double cache_share_of_indexes = 0.5;

// Lies among a table's files once RocksDB has met damage while it merged them.
constexpr std::string_view damage_mark = "/DAMAGED";

Result<void> sync_folder(::rocksdb::FileSystem& files, const std::string& path) {
  std::unique_ptr<::rocksdb::FSDirectory> folder;
  TRY(to_result(files.NewDirectory(path, {}, &folder, nullptr), "open " + path));
  return to_result(folder->Fsync({}, nullptr), "sync " + path);
}

// The families that the table on disk has must all be known.
Result<void> verify_families(const std::string& path, const ::rocksdb::DBOptions& settings,
                             const std::vector<::rocksdb::ColumnFamilyDescriptor>& known) {
  std::vector<std::string> present;
  TRY(to_result(::rocksdb::DB::ListColumnFamilies(settings, path, &present), "open table " + path));
  for (const std::string& name : present) {
    if (std::ranges::find(known, name, &::rocksdb::ColumnFamilyDescriptor::name) == known.end()) {
      return fail(ErrorCode::unsupported, "open table " + path + ": unknown family " + name);
    }
  }
  return {};
}

}  // namespace

class Health final : public ::rocksdb::EventListener {
 public:
  Health(std::shared_ptr<::rocksdb::FileSystem> files, std::string folder)
      : files_(std::move(files)), folder_(std::move(folder)) {}

  std::optional<Error> error() const {
    if (!is_ill_.load(std::memory_order_acquire)) return std::nullopt;
    const std::scoped_lock lock(mutex_);
    return error_;
  }

  void clear() {
    const std::scoped_lock lock(mutex_);
    error_.reset();
    is_ill_.store(false, std::memory_order_release);
  }

  void OnBackgroundError(::rocksdb::BackgroundErrorReason, ::rocksdb::Status* status) override {
    if (status->IsCorruption()) mark_damage();
    const std::scoped_lock lock(mutex_);
    error_ = to_error(*status, "table, in the background");
    is_ill_.store(true, std::memory_order_release);
  }
  // The table itself says when to try again after a full disk.
  void OnErrorRecoveryBegin(::rocksdb::BackgroundErrorReason, ::rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
  void OnErrorRecoveryEnd(const ::rocksdb::BackgroundErrorRecoveryInfo& outcome) override {
    if (outcome.new_bg_error.ok()) clear();
  }

 private:
  // Should it fail, the next one who opens the table meets the damage again.
  void mark_damage() const {
    std::unique_ptr<::rocksdb::FSWritableFile> mark;
    const std::string path = folder_ + std::string(damage_mark);
    if (!files_->NewWritableFile(path, {}, &mark, nullptr).ok()) return;
    mark->Fsync({}, nullptr).PermitUncheckedError();
    mark->Close({}, nullptr).PermitUncheckedError();
  }

  std::shared_ptr<::rocksdb::FileSystem> files_;
  std::string folder_;
  mutable std::mutex mutex_;
  std::optional<Error> error_;
  std::atomic<bool> is_ill_ = false;
};

Database::Database() = default;

Database::~Database() {
  if (!db) return;
  for (::rocksdb::ColumnFamilyHandle* family : families) {
    db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  db->Close().PermitUncheckedError();
}

std::optional<Error> Database::background_error() const {
  return health->error();
}

void Database::forget_background_error() {
  health->clear();
}

namespace {

// RocksDB ends the process where this file is damaged, and makes another where there is none. It
// holds a random name that nobody asks for.
Result<void> drop_damaged_identity(::rocksdb::FileSystem& plain, ::rocksdb::Env& encrypted,
                                   const std::string& path) {
  std::string content;
  if (!::rocksdb::ReadFileToString(&encrypted, path, &content).IsCorruption()) return {};
  return to_result(plain.DeleteFile(path, {}, nullptr), "remove " + path);
}

}  // namespace

bool has_met_damage(const Options& options) {
  const auto files = options.files ? options.files : ::rocksdb::FileSystem::Default();
  const std::string mark = options.root + "/" + options.folder + std::string(damage_mark);
  return files->FileExists(mark, {}, nullptr).ok();
}

Result<std::unique_ptr<Database>> open_database(const Options& options) {
  const std::string path = options.root + "/" + options.folder;
  auto database = std::make_unique<Database>();
  database->plain_files = options.files ? options.files : ::rocksdb::FileSystem::Default();
  ::rocksdb::FileSystem& plain = *database->plain_files;
  database->health = std::make_shared<Health>(database->plain_files, path);
  database->env = ::rocksdb::NewCompositeEnv(encrypt_files(database->plain_files, options.key));
  database->cache =
      ::rocksdb::NewLRUCache(options.cache_bytes, cache_shard_bits, false, cache_share_of_indexes);

  ::rocksdb::DBOptions settings = database_options(options);
  settings.env = database->env.get();
  settings.listeners = {database->health};
  database->unflushed = settings.write_buffer_manager;
  std::vector<::rocksdb::ColumnFamilyDescriptor> families;
  for (const FamilyOptions& family : options.families) {
    families.emplace_back(family.name, family_options(options, family, database->cache));
  }
  families.emplace_back(::rocksdb::kDefaultColumnFamilyName,
                        family_options(options, {}, database->cache));

  TRY(to_result(plain.CreateDirIfMissing(path, {}, nullptr), "make folder " + path));
  if (has_met_damage(options)) {
    return fail(ErrorCode::corrupt, "open table " + path + ": damage was met in it, as the file " +
                                        std::string(damage_mark.substr(1)) + " there tells");
  }
  const std::string current = path + "/CURRENT";
  if (plain.FileExists(current, {}, nullptr).ok()) {
    TRY(verify_key(plain, current, options.key));
    TRY(verify_families(path, settings, families));
    TRY(drop_damaged_identity(plain, *database->env, path + "/IDENTITY"));
  }
  ::rocksdb::DB* opened = nullptr;
  const ::rocksdb::Status status =
      ::rocksdb::DB::Open(settings, path, families, &database->families, &opened);
  database->db.reset(opened);
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    return fail(ErrorCode::conflict, "open table " + path + ": it is open already");
  }
  TRY(to_result(status, "open table " + path));
  // RocksDB syncs the names in its folder, but not the folder's own.
  TRY(sync_folder(plain, path.substr(0, path.find_last_of('/'))));
  return database;
}

}  // namespace holdfast::env::rocksdb
