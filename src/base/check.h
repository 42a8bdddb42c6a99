// check() states what must hold unless the program itself is wrong; if it does not, the process
// stops, in release builds too. What comes from outside is never checked this way: that is an
// Error.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace holdfast {

inline void check(bool holds, const char* invariant,
                  std::source_location where = std::source_location::current()) {
  if (holds) [[likely]] {
    return;
  }
  std::fprintf(stderr, "%s:%u: broken invariant: %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), invariant);
  std::abort();
}

}  // namespace holdfast
