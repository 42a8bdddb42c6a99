// Temporaries: the files that are being written here, and have names of their own until they are
// done.
//
// A signal that ends the process would leave them behind. From watch() on, SIGINT, SIGTERM and
// SIGHUP remove them first; then the signal has its usual effect. One that the process was told to
// ignore stays ignored. What a process left that had no time for that goes when the next one makes
// a file in the same folder.
#pragma once

#include "base/task.h"

#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace holdfast::cli {

class Temporaries {
 public:
  Temporaries();
  ~Temporaries();
  Temporaries(const Temporaries&) = delete;
  Temporaries& operator=(const Temporaries&) = delete;

  // On the loop's thread, which also ends the life of this. Once is enough.
  void watch(const boost::asio::any_io_executor& executor);

  // From any thread. Makes the file and opens it for writing: its descriptor, or -1 and errno. The
  // first in a folder removes there what is_temporary() and nobody writes any more.
  int make(const std::string& name);
  // It has another name now, or is gone.
  void drop(const std::string& name);

 private:
  struct Watch;
  void end(int signal);
  void sweep(const std::string& folder);

  std::mutex lock_;
  std::set<std::string> swept_;  // Folders.
  std::set<std::string> names_;
  std::unique_ptr<Watch> watch_;
};

// Makes a file for writing that tells others, by a lock, that somebody writes it. As make().
int make_temporary(const std::string& name);

// Where a file that becomes `path` lies until it is done: beside it, under a name that is unique on
// this machine while this process lives.
std::string temporary_name(const std::string& path);
bool is_temporary(std::string_view name);

// Removes a file that is_temporary() if the process that wrote it has ended.
void remove_if_stale(const std::string& folder, std::string_view name);

}  // namespace holdfast::cli
