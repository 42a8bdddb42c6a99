// Memory that is free inside the process, for the next who asks, and not yet the system's again.
#pragma once

namespace holdfast {

// Gives it back: buffers that were kept (base/bytes.h) and what malloc holds. Takes some
// milliseconds, and what needs memory next has to ask the system for it: for when little is going
// on.
void release_memory();

}  // namespace holdfast
