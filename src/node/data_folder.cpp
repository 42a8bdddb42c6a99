#include "node/data_folder.h"

#include "base/hex.h"
#include "codec/blake3.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace holdfast::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t socket_path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;

std::unexpected<Error> system_error(std::string_view what, const std::string& path, int error) {
  ErrorCode code = ErrorCode::io;
  if (error == ENOENT) code = ErrorCode::not_found;
  if (error == EACCES || error == EPERM || error == EROFS) code = ErrorCode::denied;
  if (error == ENOSPC || error == EDQUOT) code = ErrorCode::full;
  const auto remedy =
      code == ErrorCode::full
          ? fmt::format("\nFree some room on the file system of {}, or make it larger.",
                        fs::path(path).parent_path().string())
          : std::string();
  return fail(code, fmt::format("Cannot {} {}: {}.{}", what, path, std::strerror(error), remedy));
}

std::string socket_in(const std::string& data_folder) {
  return data_folder + "/holdfast.sock";
}

// A folder for sockets that nobody else can write to.
Result<std::string> runtime_folder(const Variables& variables) {
  const auto set = variables.find("XDG_RUNTIME_DIR");
  std::string folder;
  if (set != variables.end() && !set->second.empty()) {
    folder = set->second + "/holdfast";
  } else if (::geteuid() == 0) {
    folder = "/run/holdfast";
  } else {
    folder = fmt::format("/tmp/holdfast-{}", ::geteuid());
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("make the folder", folder, errno);
  }
  struct stat status{};
  if (::lstat(folder.c_str(), &status) != 0) return system_error("find", folder, errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 0022) != 0) {
    return fail(ErrorCode::denied,
                fmt::format("The folder {} is not ours alone, so no socket can be put there.\n"
                            "Set XDG_RUNTIME_DIR, or choose a data folder with a shorter path.",
                            folder));
  }
  return folder;
}

// Whether it was a data folder before, or has nothing in it that another could miss: a new file
// system has lost+found, and settings may be put there before the first start.
bool may_be_ours(const std::string& data_folder) {
  struct stat status{};
  if (::stat((data_folder + "/register").c_str(), &status) == 0) return true;
  std::error_code error;
  for (fs::directory_iterator entry(data_folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto name = entry->path().filename();
    if (name != "lost+found" && name != "holdfast.yaml") return false;
  }
  return !error;
}

}  // namespace

Result<std::string> find_socket(const std::string& data_folder) {
  std::string path = socket_in(data_folder);
  struct stat status{};
  if (const auto noted = read_note(data_folder + "/socket", socket_path_bytes_max + 1)) {
    path = noted->substr(0, noted->find('\n'));
  }
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == EACCES) {
      return fail(ErrorCode::denied,
                  fmt::format("The node on {} belongs to somebody else.\nAsk as that user, or as "
                              "root.",
                              data_folder));
    }
    return std::string();
  }
  if (::access(path.c_str(), R_OK | W_OK) != 0) {
    return fail(ErrorCode::denied, fmt::format("The socket {} belongs to somebody else.\nAsk as "
                                               "that user, or as root.",
                                               path));
  }
  return path;
}

Result<std::string> place_socket(const std::string& data_folder, const Variables& variables) {
  std::string path = socket_in(data_folder);
  if (path.size() <= socket_path_bytes_max) {
    (void)::unlink((data_folder + "/socket").c_str());
    return path;
  }
  TRY_LET(const std::string folder, runtime_folder(variables));
  const auto hash = codec::Blake3().update(as_bytes(data_folder)).finish();
  path = fmt::format("{}/{}.sock", folder, to_hex(ByteView(hash).first(8)));
  if (path.size() > socket_path_bytes_max) {
    return fail(ErrorCode::invalid,
                fmt::format("The path {} is too long for a socket too. Set XDG_RUNTIME_DIR to a "
                            "shorter one.",
                            path));
  }
  TRY(write_note(data_folder + "/socket", path + "\n"));
  return path;
}

Result<void> make_data_folder(const std::string& data_folder) {
  std::error_code error;
  const fs::path above = fs::path(data_folder).parent_path();
  if (!above.empty()) fs::create_directories(above, error);
  if (error) return system_error("make the folder", above.string(), error.value());
  if (::mkdir(data_folder.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return system_error("make the folder", data_folder, errno);
  struct stat status{};
  if (::stat(data_folder.c_str(), &status) != 0) return system_error("find", data_folder, errno);
  if (!S_ISDIR(status.st_mode)) return system_error("use", data_folder, ENOTDIR);
  // A folder that others use for other things is not closed to them by a mistyped --data.
  if ((status.st_mode & 0077) != 0 && !may_be_ours(data_folder)) {
    return fail(ErrorCode::denied,
                fmt::format("The folder {} holds other files, and others may look into it.\nChoose "
                            "a folder of its own, or make this one yours alone: chmod 700 {}",
                            data_folder, data_folder));
  }
  if ((status.st_mode & 0077) != 0 && ::chmod(data_folder.c_str(), 0700) != 0) {
    return system_error("keep others out of", data_folder, errno);
  }
  return {};
}

Result<void> write_note(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return system_error("write", path, errno);
  const ssize_t written = ::write(file, content.data(), content.size());
  int error = written < 0 ? errno : 0;
  if (written >= 0 && written != static_cast<ssize_t>(content.size())) error = ENOSPC;
  const bool is_synced = ::fsync(file) == 0;
  ::close(file);
  if (error != 0 || !is_synced) {
    ::unlink(temporary.c_str());
    return system_error("write", path, error != 0 ? error : EIO);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error("write", path, errno);
  return {};
}

Result<std::string> read_note(const std::string& path, std::size_t size_max) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_error("read", path, errno);
  std::string content(size_max + 1, '\0');
  const ssize_t count = ::read(file, content.data(), content.size());
  const int error = errno;
  ::close(file);
  if (count < 0) return system_error("read", path, error);
  if (static_cast<std::size_t>(count) > size_max) {
    return fail(ErrorCode::invalid, fmt::format("{} has more than {} bytes.", path, size_max));
  }
  content.resize(static_cast<std::size_t>(count));
  return content;
}

}  // namespace holdfast::node
