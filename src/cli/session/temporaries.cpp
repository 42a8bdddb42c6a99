#include "cli/session/temporaries.h"

#include "base/number.h"

#include <boost/asio/signal_set.hpp>

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace holdfast::cli {
namespace {

constexpr std::string_view name_start = ".holdfast-";
constexpr std::string_view name_end = ".part";
constexpr std::size_t swept_count_max = 10'000;
constexpr std::array<int, 3> signals_watched{SIGINT, SIGTERM, SIGHUP};

bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

bool is_process_gone(pid_t process) {
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

// Of ".holdfast-PROCESS-NUMBER.part".
std::optional<pid_t> process_of(std::string_view name) {
  if (!is_temporary(name)) return std::nullopt;
  name.remove_prefix(name_start.size());
  name.remove_suffix(name_end.size());
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  if (!parse_number<std::uint64_t>(name.substr(dash + 1))) return std::nullopt;
  const auto process = parse_number<pid_t>(name.substr(0, dash));
  return process && *process > 0 ? process : std::nullopt;
}

}  // namespace

struct Temporaries::Watch {
  explicit Watch(const boost::asio::any_io_executor& executor) : set(executor) {}

  boost::asio::signal_set set;
};

Temporaries::Temporaries() = default;
Temporaries::~Temporaries() = default;

void Temporaries::watch(const boost::asio::any_io_executor& executor) {
  if (watch_) return;
  watch_ = std::make_unique<Watch>(executor);
  for (const int signal : signals_watched) {
    if (!is_ignored(signal)) watch_->set.add(signal);
  }
  watch_->set.async_wait([this](boost::system::error_code stopped, int signal) {
    if (!stopped) end(signal);
  });
}

// The lock is kept to the end, so that no other thread makes one more.
void Temporaries::end(int signal) {
  const std::lock_guard hold(lock_);
  for (const std::string& name : names_) ::unlink(name.c_str());
  watch_->set.clear();  // Which gives the signals their usual effect back.
  ::raise(signal);
}

void Temporaries::sweep(const std::string& folder) {
  {
    const std::lock_guard hold(lock_);
    if (swept_.size() >= swept_count_max) swept_.clear();
    if (!swept_.insert(folder).second) return;
  }
  DIR* opened = ::opendir(folder.c_str());
  if (opened == nullptr) return;
  while (const dirent* entry = ::readdir(opened)) {
    if (is_temporary(entry->d_name)) remove_if_stale(folder, entry->d_name);
  }
  ::closedir(opened);
}

int Temporaries::make(const std::string& name) {
  sweep(name.substr(0, name.rfind('/') + 1));
  const std::lock_guard hold(lock_);
  const int descriptor = make_temporary(name);
  if (descriptor >= 0) names_.insert(name);
  return descriptor;
}

void Temporaries::drop(const std::string& name) {
  const std::lock_guard hold(lock_);
  names_.erase(name);
}

int make_temporary(const std::string& name) {
  const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  // Where files cannot be locked, the process in the name tells alone.
  if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) != 0) errno = 0;
  return descriptor;
}

std::string temporary_name(const std::string& path) {
  static std::atomic<std::uint64_t> count = 0;
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "./" : path.substr(0, slash + 1);
  return fmt::format("{}{}{}-{}{}", folder, name_start, ::getpid(), ++count, name_end);
}

bool is_temporary(std::string_view name) {
  return name.starts_with(name_start) && name.ends_with(name_end);
}

// The folder may be shared with other machines or containers, where the process lives on under a
// number that means nothing here: its lock tells then.
void remove_if_stale(const std::string& folder, std::string_view name) {
  const auto process = process_of(name);
  if (!process || !is_process_gone(*process)) return;
  const std::string path = fmt::format("{}/{}", folder, name);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return;
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
      ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
    ::unlink(path.c_str());
  }
  ::close(descriptor);
}

}  // namespace holdfast::cli
