#include "cli/session/local_files.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::cli {
namespace {

std::unexpected<Error> system_error(std::string_view what, const std::string& path, int error) {
  ErrorCode code = ErrorCode::io;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::not_found;
  if (error == EACCES || error == EPERM) code = ErrorCode::denied;
  if (error == ENOSPC || error == EDQUOT) code = ErrorCode::full;
  return fail(code, fmt::format("Cannot {} {}: {}.", what, path, std::strerror(error)));
}

FileFacts facts_of(const struct stat& status) {
  FileFacts facts;
  if (S_ISREG(status.st_mode)) facts.kind = FileKind::file;
  if (S_ISDIR(status.st_mode)) facts.kind = FileKind::folder;
  if (S_ISLNK(status.st_mode)) facts.kind = FileKind::link;
  facts.size = static_cast<std::uint64_t>(status.st_size);
  facts.modified.since_epoch = std::chrono::seconds(status.st_mtim.tv_sec) +
                               std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  facts.device = status.st_dev;
  facts.number = status.st_ino;
  return facts;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// So that the names in it outlive a loss of power. Not every file system can, or lets a folder be
// read.
Result<void> sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return {};
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error == 0 || error == EINVAL || error == ENOTSUP) return {};
  return system_error("write the folder", path, error);
}

}  // namespace

Result<FileFacts> look_at(const std::string& path, bool follow) {
  struct stat status{};
  if ((follow ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status)) != 0) {
    return system_error("find", path, errno);
  }
  return facts_of(status);
}

Result<WholeFile> read_whole(const std::string& path, std::size_t size_max) {
  TRY_LET(LocalFile file, LocalFile::open(path));
  WholeFile whole;
  TRY_LET(whole.facts, file.facts());
  if (whole.facts.kind == FileKind::folder) {
    return fail(ErrorCode::invalid, path + " is a folder.");
  }
  // A pipe tells no size, and a file of the system's own may tell 0: it ends where nothing more is
  // read.
  std::size_t size = 0;
  for (;;) {
    if (size > size_max || whole.facts.size > size_max) {
      return fail(ErrorCode::invalid, fmt::format("{} has more than {} bytes.", path, size_max));
    }
    if (size >= whole.content.size()) {
      const std::size_t wanted = std::max<std::size_t>(whole.facts.size, 2 * size) + 1;
      whole.content.resize(std::min(wanted, size_max + 1));
    }
    TRY_LET(const std::size_t count, file.read(MutableByteView(whole.content).subspan(size)));
    if (count == 0) break;
    size += count;
  }
  whole.content.resize(size);
  return whole;
}

Result<void> make_folders(const std::string& path) {
  if (path.empty() || ::mkdir(path.c_str(), 0777) == 0) return {};
  const int error = errno;
  struct stat status{};
  if (error == EEXIST && ::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return fail(ErrorCode::invalid,
                fmt::format("Cannot make the folder {}: there is a file of that name.", path));
  }
  if (error != ENOENT || path == "/" || path == ".") {
    return system_error("make the folder", path, error);
  }
  TRY(make_folders(folder_of(path)));
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return system_error("make the folder", path, errno);
  }
  return {};
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return system_error("remove", path, errno);
  return {};
}

void remove_empty_folders(std::string path, const std::string& top) {
  while (path.size() > top.size() && ::rmdir(path.c_str()) == 0) path = folder_of(path);
}

Result<LocalFile> LocalFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("read", path, errno);
  return LocalFile(descriptor, path, {}, nullptr);
}

Result<LocalFile> LocalFile::open_to_write(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return system_error("write", path, errno);
  return LocalFile(descriptor, path, {}, nullptr);
}

Result<LocalFile> LocalFile::create(const std::string& path, Temporaries* temporaries) {
  if (const auto facts = look_at(path, true); facts && facts->kind != FileKind::file) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{} is {}.", path,
                    facts->kind == FileKind::folder ? "a folder" : "neither a file nor a folder"));
  }
  std::string temporary = temporary_name(path);
  const int descriptor =
      temporaries != nullptr ? temporaries->make(temporary) : make_temporary(temporary);
  if (descriptor < 0) return system_error("write", path, errno);
  return LocalFile(descriptor, path, std::move(temporary), temporaries);
}

LocalFile::LocalFile(LocalFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      temporaries_(other.temporaries_) {}

LocalFile::~LocalFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  if (temporaries_ != nullptr) temporaries_->drop(temporary_);
}

Result<FileFacts> LocalFile::facts() const {
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0) return system_error("read", path_, errno);
  return facts_of(status);
}

Result<std::size_t> LocalFile::read(MutableByteView into) {
  for (;;) {
    const ssize_t count = ::read(descriptor_, into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return system_error("read", path_, errno);
  }
}

Result<void> LocalFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> LocalFile::finish(std::optional<WallTime> modified) {
  if (modified) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(modified->since_epoch);
    timespec times[2]{};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = whole.count();
    times[1].tv_nsec = (modified->since_epoch - whole).count();
    if (::futimens(descriptor_, times) != 0) return system_error("set the time of", path_, errno);
  }
  if (::fsync(descriptor_) != 0) return system_error("write", path_, errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) return system_error("write", path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return system_error("write", path_, errno);
  }
  if (temporaries_ != nullptr) temporaries_->drop(temporary_);
  temporary_.clear();
  return sync_folder(folder_of(path_));
}

std::vector<LocalWalk::Entry> LocalWalk::next(std::size_t count) {
  if (!has_begun_) {
    has_begun_ = true;
    const auto facts = look_at(folder_, true);
    if (facts) {
      enter("", *facts);
    } else {
      troubles_.push_back({folder_, facts.error().context(), true});
    }
  }
  std::vector<Entry> entries;
  while (entries.size() < count && !levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.names.size()) {
      levels_.pop_back();
      continue;
    }
    const Name name = std::move(level.names[level.next++]);
    std::string path = level.path + name.name;
    switch (name.facts.kind) {
      case FileKind::file:
        entries.push_back({std::move(path), name.facts});
        break;
      case FileKind::folder:
        enter(path, name.facts);
        break;
      case FileKind::link:
        troubles_.push_back({path, "a symbolic link", false});
        break;
      case FileKind::other:
        troubles_.push_back({path, "neither file nor folder", false});
        break;
    }
  }
  return entries;
}

std::string LocalWalk::below_folder(const std::string& path) const {
  return folder_ + (folder_.ends_with('/') ? "" : "/") + path;
}

void LocalWalk::enter(const std::string& path, const FileFacts& facts) {
  const bool is_loop = std::ranges::any_of(levels_, [&](const Level& above) {
    return above.facts.device == facts.device && above.facts.number == facts.number;
  });
  if (is_loop) {
    troubles_.push_back({path, "a link to a folder above it", false});
    return;
  }
  const std::string full = path.empty() ? folder_ : below_folder(path);
  DIR* folder = ::opendir(full.c_str());
  if (folder == nullptr) {
    troubles_.push_back({path, system_error("read", full, errno).error().context(), true});
    return;
  }
  Level level{.path = path.empty() ? "" : path + "/", .names = {}, .facts = facts};
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (is_temporary(name)) {
      if (removes_stale_) remove_if_stale(full, name);
      continue;
    }
    auto found = look_at(full + "/" + entry->d_name, follow_);
    if (!found && follow_) found = look_at(full + "/" + entry->d_name, false);
    if (found) {
      level.names.push_back({std::string(name), *found});
    } else if (found.error().code() != ErrorCode::not_found) {  // Else it went away meanwhile.
      troubles_.push_back({level.path + entry->d_name, found.error().context(), true});
    }
  }
  ::closedir(folder);
  // A folder sorts as what is in it: by its name and '/'.
  std::ranges::sort(level.names, [](const Name& a, const Name& b) {
    return a.name + (a.facts.kind == FileKind::folder ? "/" : "") <
           b.name + (b.facts.kind == FileKind::folder ? "/" : "");
  });
  levels_.push_back(std::move(level));
}

}  // namespace holdfast::cli
