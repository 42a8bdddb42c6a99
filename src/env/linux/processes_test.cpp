#include "env/linux/processes.h"

#include "env/linux/support_test.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace holdfast::env::linux {
namespace {

class LinuxProcessesTest : public testing::Test {
 protected:
  std::string log() const {
    std::ifstream file(log_file);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  ProcessOptions shell(std::string script) {
    return {.program = "sh", .arguments = {"-c", std::move(script)}, .log_file = log_file};
  }

  TestLoop loop;
  TestFolder folder;
  Processes processes{loop.executor()};
  std::string log_file = folder.path() + "/log";
};

Task<void> run_to_end(Processes& processes, ProcessOptions options, ExitStatus& status) {
  const auto process = (co_await processes.start(std::move(options))).value();
  EXPECT_GT(process->id(), 0);
  status = co_await process->wait();
  EXPECT_EQ(process->signal(SIGTERM).error().code(), ErrorCode::not_found);
}

TEST_F(LinuxProcessesTest, TellHowTheyEnd) {
  ExitStatus status;
  loop.run(run_to_end(processes, shell("exit 7"), status));
  EXPECT_EQ(status.code, 7);
  EXPECT_EQ(status.signal, 0);
  loop.run(run_to_end(processes, shell("kill -ABRT $$"), status));
  EXPECT_EQ(status.signal, SIGABRT);
}

TEST_F(LinuxProcessesTest, AppendTheirOutputToTheLog) {
  ExitStatus status;
  loop.run(run_to_end(processes, shell("echo out; echo err >&2"), status));
  loop.run(run_to_end(processes, shell("echo again"), status));
  EXPECT_EQ(log(), "out\nerr\nagain\n");
}

TEST_F(LinuxProcessesTest, GetTheirFolderAndEnvironmentAndNoMore) {
  setenv("HOLDFAST_TEST_SECRET", "secret", 1);
  const int inherited = open("/dev/null", O_RDONLY);
  const int twin = dup2(inherited, 77);
  ASSERT_EQ(twin, 77);
  ProcessOptions options = shell("/usr/bin/env | grep -v ^_=; pwd; ls /proc/self/fd | grep -c 77");
  options.environment = {"GIVEN=yes", "PATH=/usr/bin:/bin"};
  options.folder = "/usr";
  ExitStatus status;
  loop.run(run_to_end(processes, options, status));
  close(inherited);
  close(twin);
  unsetenv("HOLDFAST_TEST_SECRET");
  const std::string text = log();
  EXPECT_NE(text.find("GIVEN=yes\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("HOLDFAST"), std::string::npos) << text;
  EXPECT_NE(text.find("\n/usr\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n0\n"), std::string::npos) << text;
}

TEST_F(LinuxProcessesTest, GainNoPrivileges) {
  ExitStatus status;
  loop.run(run_to_end(processes, shell("grep NoNewPrivs /proc/self/status"), status));
  EXPECT_EQ(log(), "NoNewPrivs:\t1\n");
}

Task<void> start_missing(Processes& processes, ErrorCode& code) {
  auto started = co_await processes.start({.program = "/no/such/program"});
  code = started.error().code();
  EXPECT_FALSE((co_await processes.start({.program = "no-such-program"})).has_value());
  EXPECT_FALSE(
      (co_await processes.start({.program = "true", .folder = "/no/such/folder"})).has_value());
}

TEST_F(LinuxProcessesTest, SayWhenTheProgramCannotStart) {
  ErrorCode code = ErrorCode::io;
  loop.run(start_missing(processes, code));
  EXPECT_EQ(code, ErrorCode::not_found);
}

Task<void> signal_it(Processes& processes, ExitStatus& status) {
  const auto process =
      (co_await processes.start({.program = "sleep", .arguments = {"100"}})).value();
  EXPECT_TRUE(process->signal(SIGTERM).has_value());
  status = co_await process->wait();
}

TEST_F(LinuxProcessesTest, CanBeSignalled) {
  ExitStatus status;
  loop.run(signal_it(processes, status));
  EXPECT_EQ(status.signal, SIGTERM);
}

Task<void> start_and_drop(Processes& processes, int& id) {
  const auto process =
      (co_await processes.start({.program = "sleep", .arguments = {"100"}})).value();
  id = process->id();
}

TEST_F(LinuxProcessesTest, DieWithTheirHandle) {
  int id = 0;
  loop.run(start_and_drop(processes, id));
  while (kill(id, 0) == 0) loop.settle();
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace holdfast::env::linux
