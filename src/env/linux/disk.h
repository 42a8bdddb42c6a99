// A folder of the machine's file system as a disk.
//
// Reads, writes and syncs go through an io_uring where the kernel has one, else through threads;
// everything else always goes through threads, a few for each disk, so that one that hangs holds up
// nobody but itself.
#pragma once

#include "env/disk.h"
#include "env/linux/folder_tree.h"
#include "env/linux/ring.h"
#include "env/linux/thread_pool.h"

#include <memory>
#include <string>
#include <string_view>

namespace holdfast::env::linux {

enum class DiskBackend : std::uint8_t {
  best,  // What the kernel has.
  ring,  // io_uring, or fail with `unsupported`.
  threads,
};

class Disk final : public env::Disk {
 public:
  // `root` is created (mode 0700), but not its parents, if it is not there. Blocks for a moment.
  // `loop` runs on one thread, this one, and outlives the disk.
  static Result<std::unique_ptr<Disk>> open(boost::asio::any_io_executor loop, std::string root,
                                            DiskBackend backend = DiskBackend::best);

  // Waits for operations under way. Files and locks must be gone.
  ~Disk() override = default;

  // "io_uring" or "threads".
  std::string_view backend() const { return ring_ ? "io_uring" : "threads"; }

  Task<Result<std::unique_ptr<env::File>>> open(std::string name, OpenMode mode) override;
  Task<Result<void>> rename(std::string from, std::string to) override;
  Task<Result<void>> remove(std::string name) override;
  Task<Result<void>> link(std::string from, std::string to) override;
  Task<Result<void>> make_folder(std::string name) override;
  Task<Result<void>> remove_folder(std::string name) override;
  Task<Result<void>> sync_folder(std::string folder) override;
  Task<Result<std::vector<Entry>>> list(std::string folder) override;
  Task<Result<Space>> space() override;
  Task<Result<std::unique_ptr<Lock>>> lock(std::string name, std::string holder) override;

 private:
  class OpenFile;

  Disk(boost::asio::any_io_executor loop, FolderTree tree, std::unique_ptr<Ring> ring);

  FolderTree tree_;
  ThreadPool threads_;
  std::unique_ptr<Ring> ring_;
};

}  // namespace holdfast::env::linux
