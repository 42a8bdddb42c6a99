#include "env/rocksdb/encrypted_files.h"

#include <gtest/gtest.h>
#include <rocksdb/file_system.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::env::rocksdb {
namespace {

using ::rocksdb::FileOptions;
using ::rocksdb::FileSystem;
using ::rocksdb::IOOptions;
using ::rocksdb::Slice;

constexpr Key key{std::byte{7}};
constexpr std::string_view secret = "the names of all my files";

class EncryptedFilesTest : public testing::Test {
 protected:
  EncryptedFilesTest() {
    std::string pattern = testing::TempDir() + "/encrypted_files_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }

  void write(const std::string& name, std::string_view content) {
    std::unique_ptr<::rocksdb::FSWritableFile> file;
    ASSERT_TRUE(files_->NewWritableFile(path(name), FileOptions(), &file, nullptr).ok());
    append(*file, content);
  }
  void append(::rocksdb::FSWritableFile& file, std::string_view content) {
    ASSERT_TRUE(file.Append(Slice(content.data(), content.size()), IOOptions(), nullptr).ok());
    ASSERT_TRUE(file.Sync(IOOptions(), nullptr).ok());
    ASSERT_TRUE(file.Close(IOOptions(), nullptr).ok());
  }
  std::string read(const std::string& name) {
    std::string content;
    EXPECT_TRUE(::rocksdb::ReadFileToString(files_.get(), path(name), &content).ok());
    return content;
  }
  std::uint64_t size(const std::string& name) {
    std::uint64_t size = 0;
    EXPECT_TRUE(files_->GetFileSize(path(name), IOOptions(), &size, nullptr).ok());
    return size;
  }
  std::string raw(const std::string& name) {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder_;
  std::shared_ptr<FileSystem> files_ = encrypt_files(FileSystem::Default(), key);
};

TEST_F(EncryptedFilesTest, ContentComesBackAndIsNotOnDisk) {
  write("a", secret);
  EXPECT_EQ(read("a"), secret);
  EXPECT_EQ(size("a"), secret.size());
  EXPECT_EQ(raw("a").size(), secret.size() + file_header_bytes);
  EXPECT_EQ(raw("a").find(secret.substr(0, 4)), std::string::npos);
}

TEST_F(EncryptedFilesTest, PartsAreReadFromAnywhere) {
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += std::to_string(i);
  write("a", content);
  std::unique_ptr<::rocksdb::FSRandomAccessFile> file;
  ASSERT_TRUE(files_->NewRandomAccessFile(path("a"), FileOptions(), &file, nullptr).ok());
  std::vector<char> scratch(4096);
  for (std::size_t offset = 0; offset < content.size(); offset += 99'991) {
    Slice found;
    ASSERT_TRUE(
        file->Read(offset, scratch.size(), IOOptions(), &found, scratch.data(), nullptr).ok());
    EXPECT_EQ(found.ToString(), content.substr(offset, scratch.size()));
  }
}

TEST_F(EncryptedFilesTest, ManyReadsAtATimeAreDecipheredToo) {
  const std::string content(10'000, 'x');
  write("a", content);
  std::unique_ptr<::rocksdb::FSRandomAccessFile> file;
  ASSERT_TRUE(files_->NewRandomAccessFile(path("a"), FileOptions(), &file, nullptr).ok());
  std::vector<std::array<char, 64>> scratch(3);
  std::vector<::rocksdb::FSReadRequest> requests(3);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].offset = i * 3001;
    requests[i].len = 64;
    requests[i].scratch = scratch[i].data();
  }
  ASSERT_TRUE(file->MultiRead(requests.data(), 3, IOOptions(), nullptr).ok());
  for (const auto& request : requests) {
    EXPECT_TRUE(request.status.ok());
    EXPECT_EQ(request.result.ToString(), std::string(64, 'x'));
  }
}

TEST_F(EncryptedFilesTest, AReopenedFileGoesOnWhereItEnded) {
  write("a", "one, ");
  std::unique_ptr<::rocksdb::FSWritableFile> file;
  ASSERT_TRUE(files_->ReopenWritableFile(path("a"), FileOptions(), &file, nullptr).ok());
  append(*file, "two");
  EXPECT_EQ(read("a"), "one, two");
}

TEST_F(EncryptedFilesTest, RenamedAndLinkedFilesKeepTheirContent) {
  write("a", secret);
  ASSERT_TRUE(files_->LinkFile(path("a"), path("b"), IOOptions(), nullptr).ok());
  ASSERT_TRUE(files_->RenameFile(path("a"), path("c"), IOOptions(), nullptr).ok());
  EXPECT_EQ(read("b"), secret);
  EXPECT_EQ(read("c"), secret);
}

TEST_F(EncryptedFilesTest, AFileThatACrashLeftWithoutHeaderIsEmpty) {
  for (const std::size_t length : {0U, 1U, 63U}) {
    std::ofstream(path("a"), std::ios::binary) << std::string(length, 'x');
    EXPECT_EQ(size("a"), 0);
    EXPECT_EQ(read("a"), "");
  }
  std::ofstream(path("a"), std::ios::binary) << std::string(200, '\0');
  EXPECT_EQ(read("a"), "");
}

TEST_F(EncryptedFilesTest, AnotherKeyIsRefused) {
  write("a", secret);
  EXPECT_TRUE(verify_key(*FileSystem::Default(), path("a"), key).has_value());
  EXPECT_EQ(verify_key(*FileSystem::Default(), path("a"), Key{}).error().code(), ErrorCode::denied);
  std::string content;
  const auto others = encrypt_files(FileSystem::Default(), Key{});
  EXPECT_TRUE(::rocksdb::ReadFileToString(others.get(), path("a"), &content).IsCorruption());
}

TEST_F(EncryptedFilesTest, NothingWritesAroundTheEncryption) {
  std::unique_ptr<::rocksdb::FSRandomRWFile> file;
  std::unique_ptr<::rocksdb::MemoryMappedFileBuffer> mapped;
  std::shared_ptr<::rocksdb::Logger> log;
  EXPECT_FALSE(files_->NewRandomRWFile(path("a"), FileOptions(), &file, nullptr).ok());
  EXPECT_FALSE(files_->NewMemoryMappedFileBuffer(path("a"), &mapped).ok());
  EXPECT_FALSE(files_->NewLogger(path("LOG"), IOOptions(), &log, nullptr).ok());
}

}  // namespace
}  // namespace holdfast::env::rocksdb
