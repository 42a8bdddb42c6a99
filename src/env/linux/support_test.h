// What tests of this module share: a loop that runs one task to its end, and a folder of its own.
#pragma once

#include "base/task.h"

#include <boost/asio/io_context.hpp>

#include <string>

namespace holdfast::env::linux {

class TestLoop {
 public:
  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  // Runs the loop until `task` has ended.
  void run(Task<void> task);

  // Runs what is ready, and what becomes ready by that.
  void settle();

 private:
  boost::asio::io_context context_{1};
};

// Below TEST_TMPDIR, or the folder for temporary files; removed with all that is in it.
class TestFolder {
 public:
  // `parent` empty: where temporary files go.
  explicit TestFolder(std::string parent = {});
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace holdfast::env::linux
