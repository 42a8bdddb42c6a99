// Files of this machine, as the command line copies them. Every function blocks: call them through
// Workers.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "cli/session/temporaries.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cli {

enum class FileKind { file, folder, link, other };

struct FileFacts {
  FileKind kind = FileKind::other;
  std::uint64_t size = 0;
  WallTime modified;
  std::uint64_t device = 0;  // Device and number tell whether two names are one file.
  std::uint64_t number = 0;
};

// `not_found` when there is none. `follow`: of what a symbolic link leads to.
Result<FileFacts> look_at(const std::string& path, bool follow);

// A small file, whole, with what it was when it was read.
struct WholeFile {
  FileFacts facts;
  Bytes content;
};
// `invalid` when it is a folder, or longer than `size_max`.
Result<WholeFile> read_whole(const std::string& path, std::size_t size_max);

Result<void> make_folders(const std::string& path);  // And those above it.
Result<void> remove_file(const std::string& path);
// Removes `path` and the folders above it, up to `top`, as long as they are empty.
void remove_empty_folders(std::string path, const std::string& top);

// An open file. Moves, does not copy.
class LocalFile {
 public:
  static Result<LocalFile> open(const std::string& path);

  // A pipe or device that is there, which takes what is written as it comes.
  static Result<LocalFile> open_to_write(const std::string& path);

  // A file without a name to be seen, which becomes `path` in finish(), or is forgotten. `invalid`
  // where `path` is something else than a file, which it would replace.
  // Until then `temporaries`, if given, knows of it, and outlives it.
  static Result<LocalFile> create(const std::string& path, Temporaries* temporaries = nullptr);

  LocalFile(LocalFile&& other) noexcept;
  LocalFile& operator=(LocalFile&&) = delete;
  ~LocalFile();

  Result<FileFacts> facts() const;
  Result<std::size_t> read(MutableByteView into);
  Result<void> write(ByteView bytes);
  // Gives it its time and its name, replacing what had that name: the whole is on the disk then.
  Result<void> finish(std::optional<WallTime> modified);

 private:
  LocalFile(int descriptor, std::string path, std::string temporary, Temporaries* temporaries)
      : descriptor_(descriptor),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        temporaries_(temporaries) {}

  int descriptor_;
  std::string path_;
  std::string temporary_;  // The name that a file being written has until it is done.
  Temporaries* temporaries_;
};

// Walks a folder in the byte order of the paths below it, as a listing of keys has it.
class LocalWalk {
 public:
  struct Entry {
    std::string path;  // Below the folder, with '/' between names.
    FileFacts facts;
  };

  // What could not be read, or is no file: told, and passed over.
  struct Trouble {
    std::string path;
    std::string reason;
    bool is_failure = false;  // Otherwise it was left out on purpose.
  };

  // What is still being written here is passed over. `removes_stale`: what nobody writes any more
  // goes, from all folders, also those in which nothing will be made.
  LocalWalk(std::string folder, bool follow_links, bool removes_stale = false)
      : folder_(std::move(folder)), follow_(follow_links), removes_stale_(removes_stale) {}

  // The next files, at most `count`; fewer only at the end.
  std::vector<Entry> next(std::size_t count);
  // What has come up since this was asked last.
  std::vector<Trouble> take_troubles() { return std::exchange(troubles_, {}); }

 private:
  struct Name {
    std::string name;
    FileFacts facts;
  };
  struct Level {
    std::string path;  // "" or "a/b/".
    std::vector<Name> names;
    std::size_t next = 0;
    FileFacts facts;
  };

  void enter(const std::string& path, const FileFacts& facts);
  std::string below_folder(const std::string& path) const;

  std::string folder_;
  bool follow_;
  bool removes_stale_;
  bool has_begun_ = false;
  std::vector<Level> levels_;
  std::vector<Trouble> troubles_;
};

}  // namespace holdfast::cli
