// A table on a file system that fails when told to.
#include "env/rocksdb/table.h"

#include "env/rocksdb/loop_test.h"

#include <gtest/gtest.h>
#include <rocksdb/file_system.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>

namespace holdfast::env::rocksdb {
namespace {

using ::rocksdb::FileOptions;
using ::rocksdb::FSWritableFile;
using ::rocksdb::IODebugContext;
using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;

enum class Fault { none, no_space, failed_sync };

class FailingFile final : public ::rocksdb::FSWritableFileOwnerWrapper {
 public:
  FailingFile(std::unique_ptr<FSWritableFile> below, const std::atomic<Fault>& fault)
      : FSWritableFileOwnerWrapper(std::move(below)), fault_(fault) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const ::rocksdb::Slice& content, const IOOptions& options,
                  IODebugContext* debug) override {
    if (fault_ == Fault::no_space) {
      IOStatus status = IOStatus::NoSpace("no room");
      status.SetRetryable(true);
      return status;
    }
    return FSWritableFileOwnerWrapper::Append(content, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (fault_ == Fault::failed_sync) return IOStatus::IOError("sync failed");
    return FSWritableFileOwnerWrapper::Sync(options, debug);
  }

 private:
  const std::atomic<Fault>& fault_;
};

class FailingFiles final : public ::rocksdb::FileSystemWrapper {
 public:
  FailingFiles() : FileSystemWrapper(::rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "FailingFiles"; }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result,
                           IODebugContext* debug) override {
    std::unique_ptr<FSWritableFile> below;
    IOStatus status = FileSystemWrapper::NewWritableFile(path, options, &below, debug);
    if (status.ok()) *result = std::make_unique<FailingFile>(std::move(below), fault);
    return status;
  }

  std::atomic<Fault> fault = Fault::none;
};

class FailureTest : public testing::Test {
 protected:
  FailureTest() {
    std::string pattern = testing::TempDir() + "/table_failure_XXXXXX";
    root_ = mkdtemp(pattern.data());
    open();
  }
  void TearDown() override {
    table_.reset();
    std::filesystem::remove_all(root_);
  }

  void open() {
    Options options{.root = root_, .folder = "table", .families = {{.name = "names"}}};
    options.unflushed_bytes = 4 * mib;
    options.files = files_;
    table_ = run(open_table(std::move(options))).value();
  }
  Result<void> put(std::string key, std::string value) {
    Batch batch;
    batch.put(0, std::move(key), std::move(value));
    return run(table_->apply(std::move(batch)));
  }
  std::optional<std::string> get(std::string key) {
    return run(table_->get(0, std::move(key))).value();
  }

  std::string root_;
  std::shared_ptr<FailingFiles> files_ = std::make_shared<FailingFiles>();
  std::unique_ptr<Table> table_;
};

TEST_F(FailureTest, AFullDiskIsReportedAndGetsOverIt) {
  ASSERT_TRUE(put("a", "1").has_value());
  files_->fault = Fault::no_space;
  EXPECT_EQ(run(table_->flush()).error().code(), ErrorCode::full);
  EXPECT_EQ(run(table_->flush()).error().code(), ErrorCode::full);
  EXPECT_EQ(get("a"), "1");
  files_->fault = Fault::none;
  const auto flushed = run(table_->flush());
  EXPECT_TRUE(flushed.has_value()) << flushed.error().context();
  EXPECT_TRUE(put("b", "2").has_value());
  EXPECT_TRUE(run(table_->flush()).has_value());
  table_.reset();
  open();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "2");
}

// Memory fills while nothing can be flushed: writers get an answer instead of waiting for ever.
TEST_F(FailureTest, AFullDiskRefusesBatchesOnceMemoryIsFull) {
  files_->fault = Fault::no_space;
  const std::string large(64 * kib, 'x');
  Result<void> applied;
  int n = 0;
  for (; n < 1000 && applied; ++n) applied = put(std::to_string(n), large);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code(), ErrorCode::full);
  EXPECT_EQ(get("0"), large);
  files_->fault = Fault::none;
  EXPECT_TRUE(run(table_->flush()).has_value());
  EXPECT_TRUE(put(std::to_string(n), large).has_value());
}

TEST_F(FailureTest, AFailedSyncIsTheAnswerFromThenOn) {
  ASSERT_TRUE(put("a", "1").has_value());
  ASSERT_TRUE(run(table_->flush()).has_value());
  ASSERT_TRUE(put("a", "2").has_value());
  files_->fault = Fault::failed_sync;
  EXPECT_EQ(run(table_->flush()).error().code(), ErrorCode::io);
  files_->fault = Fault::none;
  EXPECT_EQ(put("b", "3").error().code(), ErrorCode::io);
  EXPECT_EQ(run(table_->flush()).error().code(), ErrorCode::io);
  EXPECT_EQ(get("a"), "2");
  table_.reset();
  open();
  EXPECT_EQ(get("a"), "1");
}

}  // namespace
}  // namespace holdfast::env::rocksdb
