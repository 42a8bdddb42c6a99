#include "env/linux/support_test.h"

#include "base/check.h"

#include <boost/asio/co_spawn.hpp>

#include <stdlib.h>

#include <filesystem>

namespace holdfast::env::linux {

void TestLoop::run(Task<void> task) {
  bool is_done = false;
  boost::asio::co_spawn(context_, std::move(task), [&is_done](std::exception_ptr failure) {
    is_done = true;
    rethrow(failure);
  });
  context_.restart();
  while (!is_done) context_.run_one();
}

void TestLoop::settle() {
  context_.restart();
  context_.poll();
}

TestFolder::TestFolder(std::string parent) {
  if (parent.empty()) {
    const char* given = getenv("TEST_TMPDIR");
    parent =
        given != nullptr ? std::string(given) : std::filesystem::temp_directory_path().string();
  }
  path_ = parent + "/holdfast_test_XXXXXX";
  check(mkdtemp(path_.data()) != nullptr, "a folder for the test can be made");
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace holdfast::env::linux
