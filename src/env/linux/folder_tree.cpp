#include "env/linux/folder_tree.h"

#include "env/linux/system_error.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace holdfast::env::linux {
namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t folder_mode = 0700;
constexpr std::size_t holder_size_max = 4096;

// For kernels without openat2: part by part, following no link at all.
int open_part_by_part(int root, const std::string& name, int flags) {
  Descriptor folder;
  int from = root;
  for (std::size_t start = 0;;) {
    const std::size_t end = name.find('/', start);
    const std::string part = name.substr(start, end - start);
    const bool is_last = end == std::string::npos;
    const int opened =
        openat(from, part.c_str(),
               (is_last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC, file_mode);
    if (opened < 0) return -errno;
    if (is_last) return opened;
    folder = Descriptor(opened);
    from = opened;
    start = end + 1;
  }
}

std::string holder_of(int descriptor) {
  std::string holder(holder_size_max, '\0');
  const ssize_t size = pread(descriptor, holder.data(), holder.size(), 0);
  holder.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return holder;
}

}  // namespace

Result<FolderTree> FolderTree::open(std::string root) {
  if (mkdir(root.c_str(), folder_mode) != 0 && errno != EEXIST) {
    return system_failure(errno, "create folder " + root);
  }
  Descriptor folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return system_failure(errno, "open folder " + root);
  return FolderTree(std::move(folder), std::move(root));
}

std::string FolderTree::attempt(const char* what, const std::string& name) const {
  return std::string(what) + ' ' + path_ + '/' + name;
}

int FolderTree::open_below(const std::string& name, int flags) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? file_mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const long opened =
        syscall(SYS_openat2, root_.number(), name.empty() ? "." : name.c_str(), &how, sizeof how);
    if (opened >= 0) return static_cast<int>(opened);
    if (errno == ENOSYS || errno == EPERM) {
      return open_part_by_part(root_.number(), name.empty() ? "." : name, flags);
    }
    // EAGAIN: something was renamed on the way.
    if (errno != EINTR && errno != EAGAIN) return -errno;
  }
}

Result<FolderTree::Opened> FolderTree::open_file(const std::string& name, OpenMode mode) const {
  TRY(check_name(name));
  const int flags = (mode.write ? O_RDWR : O_RDONLY) | (mode.create ? O_CREAT | O_EXCL : 0);
  bool is_direct = mode.direct;
  int opened = open_below(name, flags | (is_direct ? O_DIRECT : 0));
  if (opened == -EINVAL && is_direct) {
    // The file system has no direct I/O. It may have made the file before it found out.
    is_direct = false;
    const int again = open_below(name, flags);
    opened = again == -EEXIST ? open_below(name, flags & ~(O_CREAT | O_EXCL)) : again;
  }
  if (opened < 0) return system_failure(-opened, attempt("open", name));
  Opened file{.descriptor = Descriptor(opened), .is_direct = is_direct};
  struct stat status{};
  if (fstat(opened, &status) != 0) return system_failure(errno, attempt("open", name));
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::invalid, attempt("open", name) + ": no file");
  return file;
}

Result<Descriptor> FolderTree::open_folder(const std::string& name) const {
  if (!name.empty()) {
    TRY(check_name(name));
  }
  const int opened = open_below(name, O_RDONLY | O_DIRECTORY);
  if (opened < 0) return system_failure(-opened, attempt("open folder", name));
  return Descriptor(opened);
}

Result<FolderTree::Place> FolderTree::find(const std::string& name) const {
  TRY(check_name(name));
  TRY_LET(Descriptor folder, open_folder(folder_of(name)));
  return Place{.folder = std::move(folder), .leaf = leaf_of(name)};
}

Result<void> FolderTree::rename(const std::string& from, const std::string& to) const {
  TRY(check_name(to));
  TRY_LET(const Place source, find(from));
  TRY_LET(const Place target, find(to));
  if (renameat(source.folder.number(), source.leaf.c_str(), target.folder.number(),
               target.leaf.c_str()) != 0) {
    // POSIX lets it say "exists" of a folder that is not empty.
    const int number = errno == EEXIST ? ENOTEMPTY : errno;
    return system_failure(number, attempt("rename", from) + " to " + to);
  }
  return {};
}

Result<void> FolderTree::remove(const std::string& name) const {
  TRY_LET(const Place place, find(name));
  if (unlinkat(place.folder.number(), place.leaf.c_str(), 0) != 0) {
    return system_failure(errno, attempt("remove", name));
  }
  return {};
}

Result<void> FolderTree::link(const std::string& from, const std::string& to) const {
  TRY(check_name(to));
  TRY_LET(const Place source, find(from));
  TRY_LET(const Place target, find(to));
  if (linkat(source.folder.number(), source.leaf.c_str(), target.folder.number(),
             target.leaf.c_str(), 0) == 0) {
    return {};
  }
  const int number = errno;
  // What the kernel says of folders, of file systems without links, and of files with too many.
  if (number == EPERM || number == EOPNOTSUPP || number == ENOSYS || number == EMLINK) {
    return fail(ErrorCode::unsupported, attempt("link", from) + " to " + to);
  }
  return system_failure(number, attempt("link", from) + " to " + to);
}

Result<void> FolderTree::make_folder(const std::string& name) const {
  TRY_LET(const Place place, find(name));
  if (mkdirat(place.folder.number(), place.leaf.c_str(), folder_mode) == 0) return {};
  const int number = errno;
  struct stat status{};
  const bool is_folder =
      number == EEXIST &&
      fstatat(place.folder.number(), place.leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(status.st_mode);
  if (is_folder) return {};
  return system_failure(number, attempt("create folder", name));
}

Result<void> FolderTree::remove_folder(const std::string& name) const {
  TRY_LET(const Place place, find(name));
  if (unlinkat(place.folder.number(), place.leaf.c_str(), AT_REMOVEDIR) != 0) {
    const int number = errno == EEXIST ? ENOTEMPTY : errno;
    return system_failure(number, attempt("remove folder", name));
  }
  return {};
}

Result<void> FolderTree::sync_folder(const std::string& folder) const {
  TRY_LET(const Descriptor opened, open_folder(folder));
  if (fsync(opened.number()) != 0) return system_failure(errno, attempt("sync folder", folder));
  return {};
}

Result<std::vector<Entry>> FolderTree::list(const std::string& folder) const {
  TRY_LET(Descriptor opened, open_folder(folder));
  const std::unique_ptr<DIR, decltype(&closedir)> stream(fdopendir(opened.number()), &closedir);
  if (!stream) return system_failure(errno, attempt("list", folder));
  const int descriptor = opened.release();

  std::vector<Entry> entries;
  for (;;) {
    errno = 0;
    const dirent* found = readdir(stream.get());
    if (found == nullptr) break;
    const std::string name = found->d_name;
    if (name == "." || name == "..") continue;
    struct stat status{};
    if (fstatat(descriptor, found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // Removed meanwhile.
      return system_failure(errno, attempt("list", folder));
    }
    const bool is_folder = S_ISDIR(status.st_mode);
    entries.push_back({.name = name,
                       .is_folder = is_folder,
                       .size = is_folder ? 0 : static_cast<std::uint64_t>(status.st_size)});
  }
  if (errno != 0) return system_failure(errno, attempt("list", folder));
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

Result<Space> FolderTree::space() const {
  struct statvfs status{};
  if (fstatvfs(root_.number(), &status) != 0) {
    return system_failure(errno, attempt("free space of", ""));
  }
  return Space{.size = status.f_blocks * status.f_frsize,
               .free = status.f_bavail * status.f_frsize};
}

Result<Descriptor> FolderTree::lock(const std::string& name, const std::string& holder) const {
  TRY(check_name(name));
  const int opened = open_below(name, O_RDWR | O_CREAT);
  if (opened < 0) return system_failure(-opened, attempt("open", name));
  Descriptor file(opened);
  if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure(errno, attempt("lock", name));
    return fail(ErrorCode::conflict, attempt("lock", name) + ": held by " + holder_of(opened));
  }
  const bool is_told =
      ftruncate(opened, 0) == 0 &&
      pwrite(opened, holder.data(), holder.size(), 0) == static_cast<ssize_t>(holder.size());
  if (!is_told) return system_failure(errno, attempt("write the holder of", name));
  return file;
}

}  // namespace holdfast::env::linux
