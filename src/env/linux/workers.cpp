#include "env/linux/workers.h"

#include <boost/asio/any_io_executor.hpp>

#include <sched.h>

#include <algorithm>

namespace holdfast::env::linux {
namespace {

unsigned usable_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) {
    return std::max(1U, std::thread::hardware_concurrency());
  }
  return static_cast<unsigned>(CPU_COUNT(&cores));
}

}  // namespace

Workers::Workers(boost::asio::any_io_executor loop, unsigned thread_count)
    : pool_(std::move(loop), thread_count != 0 ? thread_count : usable_cores(), "worker") {}

}  // namespace holdfast::env::linux
