#include "env/linux/disk.h"

#include "base/check.h"
#include "env/linux/system_error.h"

#include <boost/asio/any_io_executor.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::env::linux {
namespace {

constexpr unsigned threads_with_ring = 2;
constexpr unsigned threads_alone = 8;
constexpr std::size_t transfer_max = 1 * gib;

class HeldLock final : public Lock {
 public:
  explicit HeldLock(Descriptor file) : file_(std::move(file)) {}

 private:
  Descriptor file_;
};

// What a system call returned, or its negated errno.
int result_of(ssize_t returned) {
  return returned < 0 ? -errno : static_cast<int>(returned);
}

int write_on_thread(int file, std::uint64_t offset, ByteView content, bool is_durable) {
  iovec part{.iov_base = const_cast<std::byte*>(content.data()),
             .iov_len = std::min(content.size(), transfer_max)};
  return result_of(
      pwritev2(file, &part, 1, static_cast<off_t>(offset), is_durable ? RWF_DSYNC : 0));
}

// Zero, or a negated errno.
int reserve_room(int file, std::uint64_t size) {
  struct stat status{};
  if (fstat(file, &status) != 0) return -errno;
  if (fallocate(file, 0, 0, static_cast<off_t>(size)) == 0) return 0;
  const int number = errno;
  if (number == EOPNOTSUPP) {
    // Nothing can be reserved here, but the size is promised.
    if (static_cast<std::uint64_t>(status.st_size) >= size) return 0;
    return ftruncate(file, static_cast<off_t>(size)) == 0 ? 0 : -errno;
  }
  (void)!ftruncate(file, status.st_size);  // Gives back what part of it there was.
  return -number;
}

}  // namespace

class Disk::OpenFile final : public env::File {
 public:
  OpenFile(Disk& disk, FolderTree::Opened file, std::string name, OpenMode mode)
      : disk_(disk), file_(std::move(file)), name_(std::move(name)), mode_(mode) {}

  // Closing the last descriptor of a removed file frees its blocks, which takes a while.
  ~OpenFile() override {
    disk_.threads_.start([file = std::move(file_.descriptor)] {});
  }

  Task<Result<std::size_t>> read(std::uint64_t offset, MutableByteView into) override;
  Task<Result<void>> write(std::uint64_t offset, ByteView content) override {
    return write_all(offset, content, false);
  }
  Task<Result<void>> write_durably(std::uint64_t offset, ByteView content) override {
    return write_all(offset, content, true);
  }
  Task<Result<void>> sync() override;
  Task<Result<void>> truncate(std::uint64_t size) override;
  Task<Result<void>> preallocate(std::uint64_t size) override;
  Task<Result<std::uint64_t>> size() override;

 private:
  int descriptor() const { return file_.descriptor.number(); }
  void check_alignment(std::uint64_t offset, ByteView memory) const;
  std::unexpected<Error> failure(int number, const char* what) const {
    return system_failure(number, std::string(what) + ' ' + name_);
  }
  Task<Result<void>> write_all(std::uint64_t offset, ByteView content, bool is_durable);
  Task<int> read_some(std::uint64_t offset, MutableByteView into);
  Task<int> write_some(std::uint64_t offset, ByteView content, bool is_durable);

  Disk& disk_;
  FolderTree::Opened file_;
  std::string name_;
  OpenMode mode_;
};

void Disk::OpenFile::check_alignment(std::uint64_t offset, ByteView memory) const {
  if (!mode_.direct) return;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  check((offset | memory.size() | address) % AlignedBuffer::alignment == 0,
        "direct reads and writes are aligned");
}

Task<int> Disk::OpenFile::read_some(std::uint64_t offset, MutableByteView into) {
  if (disk_.ring_) return disk_.ring_->read(descriptor(), offset, into);
  return disk_.threads_.call([file = descriptor(), offset, into] {
    return result_of(
        pread(file, into.data(), std::min(into.size(), transfer_max), static_cast<off_t>(offset)));
  });
}

Task<int> Disk::OpenFile::write_some(std::uint64_t offset, ByteView content, bool is_durable) {
  if (disk_.ring_) return disk_.ring_->write(descriptor(), offset, content, is_durable);
  return disk_.threads_.call([file = descriptor(), offset, content, is_durable] {
    return write_on_thread(file, offset, content, is_durable);
  });
}

Task<Result<std::size_t>> Disk::OpenFile::read(std::uint64_t offset, MutableByteView into) {
  check_alignment(offset, into);
  std::size_t done = 0;
  while (done < into.size()) {
    const int size = co_await read_some(offset + done, into.subspan(done));
    if (size == -EINTR) continue;
    if (size < 0) co_return failure(-size, "read");
    done += static_cast<std::size_t>(size);
    // A direct read that ends unaligned ends with the file, and could not go on.
    if (size == 0 || (file_.is_direct && done % AlignedBuffer::alignment != 0)) break;
  }
  co_return done;
}

Task<Result<void>> Disk::OpenFile::write_all(std::uint64_t offset, ByteView content,
                                             bool is_durable) {
  check(mode_.write, "a file opened for reading is only read");
  check_alignment(offset, content);
  while (!content.empty()) {
    const int size = co_await write_some(offset, content, is_durable);
    if (size == -EINTR) continue;
    if (size < 0) co_return failure(-size, "write");
    if (size == 0) co_return failure(EIO, "write");
    offset += static_cast<std::size_t>(size);
    content = content.subspan(static_cast<std::size_t>(size));
  }
  co_return Result<void>();
}

Task<Result<void>> Disk::OpenFile::sync() {
  int result = 0;
  if (disk_.ring_) {
    result = co_await disk_.ring_->sync(descriptor());
  } else {
    result =
        co_await disk_.threads_.call([file = descriptor()] { return result_of(fdatasync(file)); });
  }
  if (result < 0) co_return failure(-result, "sync");
  co_return Result<void>();
}

Task<Result<void>> Disk::OpenFile::truncate(std::uint64_t size) {
  check(mode_.write, "a file opened for reading is only read");
  const int result = co_await disk_.threads_.call(
      [file = descriptor(), size] { return result_of(ftruncate(file, static_cast<off_t>(size))); });
  if (result < 0) co_return failure(-result, "truncate");
  co_return Result<void>();
}

Task<Result<void>> Disk::OpenFile::preallocate(std::uint64_t size) {
  check(mode_.write, "a file opened for reading is only read");
  const int result = co_await disk_.threads_.call(
      [file = descriptor(), size] { return reserve_room(file, size); });
  if (result < 0) co_return failure(-result, "reserve room for");
  co_return Result<void>();
}

Task<Result<std::uint64_t>> Disk::OpenFile::size() {
  struct stat status{};
  const int result = co_await disk_.threads_.call(
      [file = descriptor(), &status] { return result_of(fstat(file, &status)); });
  if (result < 0) co_return failure(-result, "size of");
  co_return static_cast<std::uint64_t>(status.st_size);
}

Result<std::unique_ptr<Disk>> Disk::open(boost::asio::any_io_executor loop, std::string root,
                                         DiskBackend backend) {
  TRY_LET(FolderTree tree, FolderTree::open(std::move(root)));
  std::unique_ptr<Ring> ring;
  if (backend != DiskBackend::threads) ring = Ring::open(loop);
  if (backend == DiskBackend::ring && !ring) {
    return fail(ErrorCode::unsupported, "this kernel has no io_uring, or does not allow it");
  }
  return std::unique_ptr<Disk>(new Disk(std::move(loop), std::move(tree), std::move(ring)));
}

Disk::Disk(boost::asio::any_io_executor loop, FolderTree tree, std::unique_ptr<Ring> ring)
    : tree_(std::move(tree)),
      threads_(std::move(loop), ring ? threads_with_ring : threads_alone, "disk"),
      ring_(std::move(ring)) {}

Task<Result<std::unique_ptr<env::File>>> Disk::open(std::string name, OpenMode mode) {
  CO_TRY_LET(FolderTree::Opened file,
             co_await threads_.call([&] { return tree_.open_file(name, mode); }));
  co_return std::make_unique<OpenFile>(*this, std::move(file), std::move(name), mode);
}

Task<Result<void>> Disk::rename(std::string from, std::string to) {
  co_return co_await threads_.call([&] { return tree_.rename(from, to); });
}

Task<Result<void>> Disk::remove(std::string name) {
  co_return co_await threads_.call([&] { return tree_.remove(name); });
}

Task<Result<void>> Disk::link(std::string from, std::string to) {
  co_return co_await threads_.call([&] { return tree_.link(from, to); });
}

Task<Result<void>> Disk::make_folder(std::string name) {
  co_return co_await threads_.call([&] { return tree_.make_folder(name); });
}

Task<Result<void>> Disk::remove_folder(std::string name) {
  co_return co_await threads_.call([&] { return tree_.remove_folder(name); });
}

Task<Result<void>> Disk::sync_folder(std::string folder) {
  co_return co_await threads_.call([&] { return tree_.sync_folder(folder); });
}

Task<Result<std::vector<Entry>>> Disk::list(std::string folder) {
  co_return co_await threads_.call([&] { return tree_.list(folder); });
}

Task<Result<Space>> Disk::space() {
  co_return co_await threads_.call([&] { return tree_.space(); });
}

Task<Result<std::unique_ptr<Lock>>> Disk::lock(std::string name, std::string holder) {
  CO_TRY_LET(Descriptor file, co_await threads_.call([&] { return tree_.lock(name, holder); }));
  co_return std::make_unique<HeldLock>(std::move(file));
}

}  // namespace holdfast::env::linux
