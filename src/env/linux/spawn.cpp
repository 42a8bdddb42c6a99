#include "env/linux/spawn.h"

#include "env/linux/system_error.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace holdfast::env::linux {
namespace {

constexpr int descriptors_max = 65'536;  // Where the kernel cannot mark them all at once.

// All that the child needs, made ready before fork(): there, memory may not be allocated.
struct Plan {
  std::string program;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* folder = nullptr;  // Null: stay.
  Descriptor input;
  Descriptor output;
  Descriptor failure_out;
  pid_t parent = 0;
};

Result<std::string> find_program(const std::string& name) {
  if (name.contains('/')) return name;
  const char* path = getenv("PATH");
  std::string_view folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    const std::string program = std::string(folders.substr(0, end)) + '/' + name;
    if (end > 0 && access(program.c_str(), X_OK) == 0) return program;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return fail(ErrorCode::not_found, "no program " + name + " in PATH");
}

// Descriptors 0 to 2 may be free here; what becomes one of them in the child must not lie there.
Result<Descriptor> open_above_standard(const char* path, int flags) {
  const Descriptor opened(open(path, flags | O_CLOEXEC, 0600));
  if (!opened.is_open()) return system_failure(errno, std::string("open ") + path);
  Descriptor moved(fcntl(opened.number(), F_DUPFD_CLOEXEC, 3));
  if (!moved.is_open()) return system_failure(errno, std::string("open ") + path);
  return moved;
}

void close_rest_on_exec() {
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int number = 3; number < descriptors_max; ++number) (void)fcntl(number, F_SETFD, FD_CLOEXEC);
}

void reset_signals() {
  struct sigaction by_default{};
  by_default.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) (void)sigaction(number, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In the child: only what is safe after fork() in a process with threads.
[[noreturn]] void become(Plan& plan) {
  const auto stop = [&plan] {
    const int number = errno;
    (void)!write(plan.failure_out.number(), &number, sizeof number);
    _exit(127);
  };
  reset_signals();
  (void)setpgid(0, 0);  // What is typed at a terminal is for the parent, which passes it on.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) stop();
  if (getppid() != plan.parent) _exit(127);  // The parent died before it could be tied to.
  if (dup2(plan.input.number(), STDIN_FILENO) < 0 ||
      dup2(plan.output.number(), STDOUT_FILENO) < 0 ||
      dup2(plan.output.number(), STDERR_FILENO) < 0) {
    stop();
  }
  close_rest_on_exec();
  if (plan.folder != nullptr && chdir(plan.folder) != 0) stop();
  execve(plan.program.c_str(), plan.arguments.data(), plan.environment.data());
  stop();
  _exit(127);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The errno that kept the child from becoming the program, or 0.
int wait_for_exec(Descriptor failure_in) {
  int number = 0;
  ssize_t size = 0;
  do {
    size = read(failure_in.number(), &number, sizeof number);
  } while (size < 0 && errno == EINTR);
  return size == sizeof number ? number : 0;
}

}  // namespace

Result<Spawned> spawn(const ProcessOptions& options) {
  Plan plan;
  TRY_LET(plan.program, find_program(options.program));
  std::vector<std::string> arguments{options.program};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = options.environment;
  plan.arguments = pointers_to(arguments);
  plan.environment = pointers_to(environment);
  if (!options.folder.empty()) plan.folder = options.folder.c_str();
  TRY_LET(plan.input, open_above_standard("/dev/null", O_RDONLY));
  TRY_LET(plan.output,
          options.log_file.empty()
              ? open_above_standard("/dev/null", O_WRONLY)
              : open_above_standard(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure(errno, "start " + plan.program);
  Descriptor failure_in(ends[0]);
  plan.failure_out = Descriptor(ends[1]);
  plan.parent = getpid();

  const pid_t child = fork();
  if (child < 0) return system_failure(errno, "start " + plan.program);
  if (child == 0) become(plan);
  plan.failure_out = Descriptor();

  // Nobody else waits for this child, so its id stays its own until it is waited for here.
  Spawned spawned{.id = child,
                  .handle = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, child, 0)))};
  int number = wait_for_exec(std::move(failure_in));
  if (number == 0 && !spawned.handle.is_open()) number = errno != 0 ? errno : ENOSYS;
  if (number != 0) {
    (void)kill(child, SIGKILL);
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return system_failure(number, "start " + plan.program);
  }
  return spawned;
}

}  // namespace holdfast::env::linux
