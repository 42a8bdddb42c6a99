#include "env/linux/processes.h"

#include "base/sync.h"
#include "env/linux/spawn.h"
#include "env/linux/system_error.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::env::linux {
namespace asio = boost::asio;
namespace {

// A child until it is reaped, which its Process need not live to see.
class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(const asio::any_io_executor& loop, Spawned spawned)
      : id_(spawned.id), handle_(loop, spawned.handle.release()) {}

  // A child that the loop no longer watches is a zombie until this process ends.
  void watch() {
    handle_.async_wait(asio::posix::descriptor_base::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& failure) {
                         if (!failure) self->reap();
                       });
  }

  int id() const { return id_; }

  Result<void> signal(int number) {
    if (ended_.is_set()) return fail(ErrorCode::not_found, "the process has ended");
    if (syscall(SYS_pidfd_send_signal, handle_.native_handle(), number, nullptr, 0) != 0) {
      return system_failure(errno == ESRCH ? ENOENT : errno, "signal process");
    }
    return {};
  }

  Task<ExitStatus> wait() {
    co_await ended_.wait();
    co_return status_;
  }

 private:
  void reap() {
    siginfo_t end{};
    while (waitid(P_PID, static_cast<id_t>(id_), &end, WEXITED) != 0 && errno == EINTR) {
    }
    if (end.si_code == CLD_EXITED) {
      status_.code = end.si_status;
    } else {
      status_.signal = end.si_status;
    }
    ended_.set();
  }

  int id_;
  asio::posix::stream_descriptor handle_;
  ExitStatus status_;
  Event ended_;
};

class ChildProcess final : public Process {
 public:
  explicit ChildProcess(std::shared_ptr<Child> child) : child_(std::move(child)) {}
  ~ChildProcess() override { (void)child_->signal(SIGKILL); }

  int id() const override { return child_->id(); }
  Result<void> signal(int number) override { return child_->signal(number); }
  Task<ExitStatus> wait() override { return wait_for(child_); }

 private:
  static Task<ExitStatus> wait_for(std::shared_ptr<Child> child) {
    co_return co_await child->wait();
  }

  std::shared_ptr<Child> child_;
};

}  // namespace

Task<Result<std::unique_ptr<Process>>> Processes::start(ProcessOptions options) {
  // On the loop's own thread, because a child dies with the thread that it comes from.
  CO_TRY_LET(Spawned spawned, spawn(options));
  auto child = std::make_shared<Child>(loop_, std::move(spawned));
  child->watch();
  co_return std::make_unique<ChildProcess>(std::move(child));
}

}  // namespace holdfast::env::linux
