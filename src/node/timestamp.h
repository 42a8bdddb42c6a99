// Moments of the calendar as text (RFC 3339).
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <string>
#include <string_view>

namespace holdfast::node {

// "2026-11-21T08:01:32Z", with as many decimals of a second as it takes, at most nine.
std::string to_rfc3339(WallTime time);

// Takes any offset and any number of decimals; cuts what is finer than a nanosecond.
Result<WallTime> from_rfc3339(std::string_view text);

// Seconds since 1970 with decimals, "1763712092.5": how tools on S3 keep a file's time of change.
std::string to_decimal_seconds(WallTime time);
Result<WallTime> from_decimal_seconds(std::string_view text);

}  // namespace holdfast::node
