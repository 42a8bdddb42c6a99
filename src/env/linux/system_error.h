// What the kernel answers, as an Error.
#pragma once

#include "base/result.h"

#include <string>

namespace holdfast::env::linux {

// `number` is an errno. The context reads "<attempt>: <what the system says>".
std::unexpected<Error> system_failure(int number, const std::string& attempt);

}  // namespace holdfast::env::linux
