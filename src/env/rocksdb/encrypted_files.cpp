#include "env/rocksdb/encrypted_files.h"

#include "env/rocksdb/status.h"

#include <rocksdb/file_system.h>
#include <rocksdb/io_status.h>

#include <algorithm>
#include <cstring>

namespace holdfast::env::rocksdb {
namespace {

using ::rocksdb::DataVerificationInfo;
using ::rocksdb::FileAttributes;
using ::rocksdb::FileOptions;
using ::rocksdb::FSRandomAccessFile;
using ::rocksdb::FSSequentialFile;
using ::rocksdb::FSWritableFile;
using ::rocksdb::IODebugContext;
using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;
using ::rocksdb::Slice;

// Absent: the file has no content.
using MaybeCipher = std::unique_ptr<FileCipher>;

constexpr std::size_t append_bytes_max = mib;

std::uint64_t without_header(std::uint64_t size) {
  return size < file_header_bytes ? 0 : size - file_header_bytes;
}

Slice as_slice(const FileHeader& header) {
  return {reinterpret_cast<const char*>(header.data()), header.size()};
}

// Turns what was read of a header into the file's cipher.
Result<MaybeCipher> open_cipher(const TableCipher& table, Slice read) {
  const auto is_zero = [](char character) { return character == 0; };
  if (read.size() < file_header_bytes ||
      std::all_of(read.data(), read.data() + read.size(), is_zero)) {
    return MaybeCipher();
  }
  FileHeader header;
  std::memcpy(header.data(), read.data(), header.size());
  return table.open_file(header);
}

IOStatus refuse(const std::string& path, const Error& error) {
  return IOStatus::Corruption(path, error.context());
}

// Deciphers what a read of the file below returned, into the caller's memory.
void decipher(FileCipher& cipher, std::uint64_t offset, Slice* result, char* scratch) {
  cipher.transform(offset, {result->data(), result->size()}, scratch);
  *result = Slice(scratch, result->size());
}

class SequentialFile final : public FSSequentialFile {
 public:
  SequentialFile(std::unique_ptr<FSSequentialFile> below, MaybeCipher cipher)
      : below_(std::move(below)), cipher_(std::move(cipher)) {}

  IOStatus Read(std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    if (!cipher_) {
      *result = Slice();
      return IOStatus::OK();
    }
    IOStatus status = below_->Read(n, options, result, scratch, debug);
    if (!status.ok()) return status;
    decipher(*cipher_, position_, result, scratch);
    position_ += result->size();
    return status;
  }

  IOStatus Skip(std::uint64_t n) override {
    if (!cipher_) return IOStatus::OK();
    position_ += n;
    return below_->Skip(n);
  }

  IOStatus InvalidateCache(std::size_t offset, std::size_t length) override {
    return below_->InvalidateCache(offset + file_header_bytes, length);
  }

 private:
  std::unique_ptr<FSSequentialFile> below_;
  MaybeCipher cipher_;
  std::uint64_t position_ = 0;
};

// MultiRead and ReadAsync stay as the base class has them: in terms of Read.
class RandomAccessFile final : public FSRandomAccessFile {
 public:
  RandomAccessFile(std::unique_ptr<FSRandomAccessFile> below, MaybeCipher cipher)
      : below_(std::move(below)), cipher_(std::move(cipher)) {}

  // NOLINTNEXTLINE(readability-function-size): as RocksDB has it.
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* debug) const override {
    if (!cipher_) {
      *result = Slice();
      return IOStatus::OK();
    }
    IOStatus status = below_->Read(offset + file_header_bytes, n, options, result, scratch, debug);
    if (status.ok()) decipher(*cipher_, offset, result, scratch);
    return status;
  }

  IOStatus Prefetch(std::uint64_t offset, std::size_t n, const IOOptions& options,
                    IODebugContext* debug) override {
    return below_->Prefetch(offset + file_header_bytes, n, options, debug);
  }
  IOStatus InvalidateCache(std::size_t offset, std::size_t length) override {
    return below_->InvalidateCache(offset + file_header_bytes, length);
  }
  std::size_t GetUniqueId(char* id, std::size_t max_size) const override {
    return below_->GetUniqueId(id, max_size);
  }
  void Hint(AccessPattern pattern) override { below_->Hint(pattern); }

 private:
  std::unique_ptr<FSRandomAccessFile> below_;
  MaybeCipher cipher_;
};

class WritableFile final : public FSWritableFile {
 public:
  WritableFile(std::unique_ptr<FSWritableFile> below, std::unique_ptr<FileCipher> cipher,
               std::uint64_t position)
      : below_(std::move(below)), cipher_(std::move(cipher)), position_(position) {}

  IOStatus Append(const Slice& content, const IOOptions& options, IODebugContext* debug) override {
    if (!failure_.ok()) return failure_;
    for (Slice rest = content; !rest.empty();) {
      const Slice piece(rest.data(), std::min(rest.size(), append_bytes_max));
      if (buffer_.size() < piece.size()) buffer_.resize(piece.size());
      cipher_->transform(position_, {piece.data(), piece.size()}, buffer_.data());
      IOStatus status = below_->Append(Slice(buffer_.data(), piece.size()), options, debug);
      if (!status.ok()) {
        // How much arrived is unknown, so what came next would lie at an offset it is not meant
        // for.
        failure_ = status;
        return status;
      }
      position_ += piece.size();
      rest.remove_prefix(piece.size());
    }
    return IOStatus::OK();
  }
  // The checksum is of the plain bytes: of no use below.
  IOStatus Append(const Slice& content, const IOOptions& options, const DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(content, options, debug);
  }

  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = below_->Truncate(size + file_header_bytes, options, debug);
    if (status.ok()) position_ = size;
    return status;
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return below_->Close(options, debug);
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return below_->Flush(options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return below_->Sync(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return below_->Fsync(options, debug);
  }
  bool IsSyncThreadSafe() const override { return below_->IsSyncThreadSafe(); }

  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return position_; }
  std::size_t GetUniqueId(char* id, std::size_t max_size) const override {
    return below_->GetUniqueId(id, max_size);
  }
  IOStatus InvalidateCache(std::size_t offset, std::size_t length) override {
    return below_->InvalidateCache(offset + file_header_bytes, length);
  }
  IOStatus RangeSync(std::uint64_t offset, std::uint64_t size, const IOOptions& options,
                     IODebugContext* debug) override {
    return below_->RangeSync(offset, size + file_header_bytes, options, debug);
  }

  // The file below reserves room, and gives back at the end what was not used.
  void SetPreallocationBlockSize(std::size_t size) override {
    below_->SetPreallocationBlockSize(size);
  }
  void GetPreallocationStatus(std::size_t* block_size, std::size_t* last_block) override {
    below_->GetPreallocationStatus(block_size, last_block);
  }
  void PrepareWrite(std::size_t offset, std::size_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    below_->PrepareWrite(offset + file_header_bytes, size, options, debug);
  }
  IOStatus Allocate(std::uint64_t offset, std::uint64_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    return below_->Allocate(offset + file_header_bytes, size, options, debug);
  }

 private:
  std::unique_ptr<FSWritableFile> below_;
  std::unique_ptr<FileCipher> cipher_;
  std::uint64_t position_;
  std::vector<char> buffer_;
  IOStatus failure_;
};

FileOptions plain_io(FileOptions options) {
  options.use_mmap_reads = false;
  options.use_mmap_writes = false;
  options.use_direct_reads = false;
  options.use_direct_writes = false;
  return options;
}

class EncryptedFiles final : public ::rocksdb::FileSystemWrapper {
 public:
  EncryptedFiles(const std::shared_ptr<::rocksdb::FileSystem>& below, const Key& key)
      : FileSystemWrapper(below), cipher_(key) {}

  const char* Name() const override { return "HoldfastEncryptedFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<FSSequentialFile>* result,
                             IODebugContext* debug) override {
    std::unique_ptr<FSSequentialFile> below;
    IOStatus status = target_->NewSequentialFile(path, plain_io(options), &below, debug);
    if (!status.ok()) return status;
    std::array<char, file_header_bytes> scratch;
    Slice read;
    status = below->Read(scratch.size(), options.io_options, &read, scratch.data(), debug);
    if (!status.ok()) return status;
    auto cipher = open_cipher(cipher_, read);
    if (!cipher) return refuse(path, cipher.error());
    *result = std::make_unique<SequentialFile>(std::move(below), *std::move(cipher));
    return IOStatus::OK();
  }

  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    std::unique_ptr<FSRandomAccessFile> below;
    IOStatus status = target_->NewRandomAccessFile(path, plain_io(options), &below, debug);
    if (!status.ok()) return status;
    MaybeCipher cipher;
    status = read_cipher(*below, path, options, debug, &cipher);
    if (!status.ok()) return status;
    *result = std::make_unique<RandomAccessFile>(std::move(below), std::move(cipher));
    return IOStatus::OK();
  }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result,
                           IODebugContext* debug) override {
    std::unique_ptr<FSWritableFile> below;
    IOStatus status = target_->NewWritableFile(path, plain_io(options), &below, debug);
    if (!status.ok()) return status;
    FileHeader header;
    auto cipher = cipher_.create_file(header);
    status = below->Append(as_slice(header), options.io_options, debug);
    if (!status.ok()) return status;
    *result = std::make_unique<WritableFile>(std::move(below), std::move(cipher), 0);
    return IOStatus::OK();
  }

  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* result,
                              IODebugContext* debug) override {
    std::unique_ptr<FSRandomAccessFile> readable;
    IOStatus status = target_->NewRandomAccessFile(path, plain_io(options), &readable, debug);
    MaybeCipher cipher;
    if (status.ok()) status = read_cipher(*readable, path, options, debug, &cipher);
    if (status.IsNotFound() || (status.ok() && !cipher)) {
      return NewWritableFile(path, options, result, debug);
    }
    if (!status.ok()) return status;
    std::uint64_t size = 0;
    status = GetFileSize(path, options.io_options, &size, debug);
    if (!status.ok()) return status;
    std::unique_ptr<FSWritableFile> below;
    status = target_->ReopenWritableFile(path, plain_io(options), &below, debug);
    if (!status.ok()) return status;
    *result = std::make_unique<WritableFile>(std::move(below), std::move(cipher), size);
    return IOStatus::OK();
  }

  // The old content goes: a nonce is used for one content only.
  IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                             const FileOptions& options, std::unique_ptr<FSWritableFile>* result,
                             IODebugContext* debug) override {
    IOStatus status = target_->RenameFile(old_path, path, options.io_options, debug);
    return status.ok() ? NewWritableFile(path, options, result, debug) : status;
  }

  IOStatus NewRandomRWFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<::rocksdb::FSRandomRWFile>*, IODebugContext*) override {
    return IOStatus::NotSupported(path, "an encrypted file is not overwritten");
  }
  IOStatus NewMemoryMappedFileBuffer(const std::string& path,
                                     std::unique_ptr<::rocksdb::MemoryMappedFileBuffer>*) override {
    return IOStatus::NotSupported(path, "an encrypted file is not mapped");
  }
  IOStatus NewLogger(const std::string& path, const IOOptions&, std::shared_ptr<::rocksdb::Logger>*,
                     IODebugContext*) override {
    return IOStatus::NotSupported(path, "the log goes elsewhere");
  }

  IOStatus GetChildrenFileAttributes(const std::string& folder, const IOOptions& options,
                                     std::vector<FileAttributes>* result,
                                     IODebugContext* debug) override {
    IOStatus status = target_->GetChildrenFileAttributes(folder, options, result, debug);
    for (FileAttributes& file : *result) file.size_bytes = without_header(file.size_bytes);
    return status;
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions& options, std::uint64_t* size,
                       IODebugContext* debug) override {
    IOStatus status = target_->GetFileSize(path, options, size, debug);
    *size = without_header(*size);
    return status;
  }
  IOStatus Truncate(const std::string& path, std::size_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    return target_->Truncate(path, size + file_header_bytes, options, debug);
  }

 private:
  IOStatus read_cipher(const FSRandomAccessFile& below, const std::string& path,
                       const FileOptions& options, IODebugContext* debug,
                       MaybeCipher* result) const {
    std::array<char, file_header_bytes> scratch;
    Slice read;
    IOStatus status =
        below.Read(0, scratch.size(), options.io_options, &read, scratch.data(), debug);
    if (!status.ok()) return status;
    auto cipher = open_cipher(cipher_, read);
    if (!cipher) return refuse(path, cipher.error());
    *result = *std::move(cipher);
    return status;
  }

  TableCipher cipher_;
};

}  // namespace

std::shared_ptr<::rocksdb::FileSystem> encrypt_files(std::shared_ptr<::rocksdb::FileSystem> below,
                                                     const Key& key) {
  return std::make_shared<EncryptedFiles>(below, key);
}

Result<void> verify_key(::rocksdb::FileSystem& below, const std::string& path, const Key& key) {
  std::unique_ptr<FSSequentialFile> file;
  std::array<char, file_header_bytes> scratch;
  Slice read;
  IOStatus status = below.NewSequentialFile(path, FileOptions(), &file, nullptr);
  if (status.ok()) status = file->Read(scratch.size(), IOOptions(), &read, scratch.data(), nullptr);
  if (!status.ok()) return std::unexpected(to_error(status, "read " + path));
  auto cipher = open_cipher(TableCipher(key), read);
  if (!cipher) return std::unexpected(std::move(cipher).error().within(path));
  return {};
}

}  // namespace holdfast::env::rocksdb
