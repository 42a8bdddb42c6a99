// What a process has used so far, as Linux accounts for it: itself and all its threads.
#pragma once

#include "base/result.h"

#include <cstdint>

namespace holdfast::bench {

struct ProcessUse {
  double seconds = 0;            // Of processors, in user mode and in the kernel.
  std::uint64_t peak_bytes = 0;  // Resident, at most, since the start or reset_peak().
  std::uint64_t bytes = 0;       // Resident now.
};

// `not_found` if there is no such process.
Result<ProcessUse> use_of_process(std::uint64_t id);

// Of this process.
ProcessUse use_of_this_process();

// Of the calling thread alone, in seconds of processor: what others take away does not count.
double thread_seconds();

// Lets the peak begin anew; without effect where we may not.
void reset_peak(std::uint64_t id);

}  // namespace holdfast::bench
