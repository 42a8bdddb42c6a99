// An io_uring on the loop's thread.
//
// What is asked for in one turn of the loop goes to the kernel in one call at the end of it; what
// the kernel has finished since is taken over in one go.
#pragma once

#include "base/bytes.h"
#include "base/sync.h"
#include "base/task.h"

#include <cstdint>
#include <memory>

namespace holdfast::env::linux {

class Ring {
 public:
  static constexpr unsigned submissions_max = 256;
  // Operations under way; more wait. The kernel's queue of completions holds as many.
  static constexpr unsigned operations_max = 2 * submissions_max;

  // Null where the kernel has no io_uring, or forbids it.
  static std::unique_ptr<Ring> open(const boost::asio::any_io_executor& loop);

  // Waits for operations under way.
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // One system call each, from the loop only: its result, or a negated errno. May do less than all.
  Task<int> read(int descriptor, std::uint64_t offset, MutableByteView into);
  Task<int> write(int descriptor, std::uint64_t offset, ByteView content, bool is_durable);
  Task<int> sync(int descriptor);

 private:
  class Kernel;
  struct Operation;

  explicit Ring(std::shared_ptr<Kernel> kernel);

  Semaphore credit_{operations_max};
  std::shared_ptr<Kernel> kernel_;
};

}  // namespace holdfast::env::linux
