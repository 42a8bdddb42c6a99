// Programs that run as children: started with least rights, watched, ended.
#pragma once

#include "base/result.h"
#include "base/task.h"

#include <memory>
#include <string>
#include <vector>

namespace holdfast::env {

struct ProcessOptions {
  std::string program;                     // Looked up in PATH unless it has a '/'.
  std::vector<std::string> arguments{};    // Without the program's name.
  std::vector<std::string> environment{};  // "NAME=value", all that the child gets.
  std::string folder{};                    // To run in; empty: the parent's.
  std::string log_file{};                  // Its output, appended; empty: discarded.
};

struct ExitStatus {
  int code = 0;    // If it ended by itself.
  int signal = 0;  // Else the signal that ended it.
};

// A child. Destroying it kills a child that still runs.
class Process {
 public:
  virtual ~Process() = default;

  virtual int id() const = 0;
  virtual Result<void> signal(int number) = 0;
  virtual Task<ExitStatus> wait() = 0;
};

class Processes {
 public:
  virtual ~Processes() = default;

  // The child ends with this process, receives no descriptor of it, and gains no new privileges.
  virtual Task<Result<std::unique_ptr<Process>>> start(ProcessOptions options) = 0;
};

}  // namespace holdfast::env
