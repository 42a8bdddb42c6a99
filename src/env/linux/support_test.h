// What tests and benchmarks on the real machine share: a loop that runs one task to its end, a
// folder of their own, and what they have spent.
#pragma once

#include "base/check.h"
#include "base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <stdlib.h>
#include <sys/resource.h>

#include <exception>
#include <filesystem>
#include <string>

namespace holdfast::env::linux {

class TestLoop {
 public:
  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  // Runs the loop until `task` has ended.
  void run(Task<void> task) {
    bool is_done = false;
    boost::asio::co_spawn(context_, std::move(task), [&is_done](std::exception_ptr failure) {
      is_done = true;
      rethrow(failure);
    });
    context_.restart();
    while (!is_done) context_.run_one();
  }

  // Runs what is ready, and what becomes ready by that.
  void settle() {
    context_.restart();
    context_.poll();
  }

 private:
  boost::asio::io_context context_{1};
};

// Below TEST_TMPDIR, or the folder for temporary files; removed with all that is in it.
class TestFolder {
 public:
  // `parent` empty: where temporary files go.
  explicit TestFolder(std::string parent = {}) {
    if (parent.empty()) {
      const char* given = getenv("TEST_TMPDIR");
      parent = given != nullptr ? given : std::filesystem::temp_directory_path().string();
    }
    path_ = parent + "/holdfast_test_XXXXXX";
    check(mkdtemp(path_.data()) != nullptr, "a folder for the test can be made");
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Of the processor, by all threads of this process.
inline double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace holdfast::env::linux
