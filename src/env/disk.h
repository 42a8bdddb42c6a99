// A tree of files on one disk, below one root folder. Linux: env/linux/disk.h. Simulated:
// sim/disk.h. env/disk_contract.h holds both to what is promised here.
//
// Names are relative to the root, with '/' between folders, and never leave it. What a crash
// leaves:
//   - content written is durable only after File::sync(), and may be torn or lost until then;
//   - a name created, renamed or removed is durable only after sync_folder() of its folder.
// A failed sync means that the content is lost for good as far as anyone can tell: it is never
// retried on the same file.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::env {

// An open file. Views passed in must stay valid until the task completes. Several operations may be
// under way at a time. Destroying a File closes it; no operation may be under way then.
class File {
 public:
  virtual ~File() = default;

  // Reads up to into.size() bytes from `offset`; fewer only where the file ends. A file opened
  // direct wants offset, size and memory in multiples of AlignedBuffer::alignment.
  virtual Task<Result<std::size_t>> read(std::uint64_t offset, MutableByteView into) = 0;

  // Writes all of `content`, extending the file where needed. Alignment as for read(). `full` when
  // there is no room; part may have been written.
  virtual Task<Result<void>> write(std::uint64_t offset, ByteView content) = 0;

  // Makes content and size durable (fdatasync).
  virtual Task<Result<void>> sync() = 0;

  // write() of `content`, which is durable afterwards; of what else was written nothing is said. In
  // one trip to the disk where that is possible.
  virtual Task<Result<void>> write_durably(std::uint64_t offset, ByteView content);

  virtual Task<Result<void>> truncate(std::uint64_t size) = 0;

  // Reserves room up to `size` without changing the content below the present size; `full` if there
  // is none. The file's size becomes at least `size`, and the new part reads as zeros.
  virtual Task<Result<void>> preallocate(std::uint64_t size) = 0;

  virtual Task<Result<std::uint64_t>> size() = 0;
};

// How to open a file.
struct OpenMode {
  bool write = false;
  bool create = false;  // Fails with `already_exists` if the file is there (exclusive create).
  bool direct = false;  // Past the page cache, if the file system can; else as without.
};

struct Entry {
  std::string name;  // Without its folder.
  bool is_folder = false;
  std::uint64_t size = 0;
};

struct Space {
  std::uint64_t size = 0;
  std::uint64_t free = 0;
};

// Held until destroyed; released by the system if the process dies.
class Lock {
 public:
  virtual ~Lock() = default;
};

// Every call fails with `invalid` if check_name() does on a name, or if a name is of the wrong kind
// (a folder where a file is wanted), and with `not_found` if a folder on the way does not exist.
class Disk {
 public:
  virtual ~Disk() = default;

  // Fails with `not_found` or, with mode.create, `already_exists`. New files are mode 0600.
  virtual Task<Result<std::unique_ptr<File>>> open(std::string name, OpenMode mode) = 0;

  // Replaces the file `to` if it exists. A folder moves with all that is in it; `to` may then be an
  // empty folder only, else it fails with `conflict`.
  virtual Task<Result<void>> rename(std::string from, std::string to) = 0;
  virtual Task<Result<void>> remove(std::string name) = 0;

  // Gives the file `from` a second name: its content is there until both are removed. Fails with
  // `already_exists` if `to` is there, `unsupported` where the file system has one name for a file.
  virtual Task<Result<void>> link(std::string from, std::string to) = 0;

  // Creates a folder (mode 0700); its parents must exist. Content with an existing one.
  virtual Task<Result<void>> make_folder(std::string name) = 0;

  // Fails with `conflict` if there is something in it.
  virtual Task<Result<void>> remove_folder(std::string name) = 0;

  // Makes the names in `folder` ("" is the root) durable. What a rename moved between two folders
  // is durable once either is synced.
  virtual Task<Result<void>> sync_folder(std::string folder) = 0;

  // In byte order of their names.
  virtual Task<Result<std::vector<Entry>>> list(std::string folder) = 0;

  virtual Task<Result<Space>> space() = 0;

  // Takes the exclusive lock on the file `name`, creating it if needed, and writes `holder` into it
  // for people. Fails with `conflict` and the present holder's text. Holds against this process
  // too.
  virtual Task<Result<std::unique_ptr<Lock>>> lock(std::string name, std::string holder) = 0;
};

// A name is one or more parts of 1 to 255 bytes, joined by '/'; no part is "." or "..", and none
// holds a zero byte. Else `invalid`.
Result<void> check_name(std::string_view name);

// "a/b/c" lies in the folder "a/b" and is called "c" there.
std::string folder_of(std::string_view name);
std::string leaf_of(std::string_view name);

// Whole small files, on top of the above.

// Fails with `not_found`, or `invalid` when the file is larger than `size_max`.
Task<Result<Bytes>> read_file(Disk& disk, std::string name, std::size_t size_max);

// Durable and atomic: after a crash `name` has the old content or all of the new one. Goes through
// `name` + ".new", which a crash may leave behind and the next write replaces.
Task<Result<void>> replace_file(Disk& disk, std::string name, ByteView content);

}  // namespace holdfast::env
