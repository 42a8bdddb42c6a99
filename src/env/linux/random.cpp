#include "env/linux/random.h"

#include "base/check.h"

#include <sys/random.h>

#include <cerrno>

namespace holdfast::env::linux {

void Random::fill(MutableByteView into) {
  while (!into.empty()) {
    const ssize_t size = getrandom(into.data(), into.size(), 0);
    check(size > 0 || errno == EINTR, "the kernel gives random bytes");
    if (size > 0) into = into.subspan(static_cast<std::size_t>(size));
  }
}

}  // namespace holdfast::env::linux
