// Points in time as S3 spells them: whole seconds in headers and signatures, milliseconds in XML.
#pragma once

#include "base/time.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::s3 {

std::string format_http_time(WallTime time);  // Sun, 06 Nov 1994 08:49:37 GMT
std::string format_iso_time(WallTime time);   // 1994-11-06T08:49:37.000Z
std::string format_amz_time(WallTime time);   // 19941106T084937Z

// All three forms of RFC 9110, section 5.6.7. Nothing for any other text.
std::optional<WallTime> parse_http_time(std::string_view text);

// 19941106T084937Z, exactly.
std::optional<WallTime> parse_amz_time(std::string_view text);

// 1994-11-06T08:49:37Z, with or without a fraction.
std::optional<WallTime> parse_iso_time(std::string_view text);

// Without the part of a second, which HTTP times do not show.
WallTime whole_seconds(WallTime time);

}  // namespace holdfast::s3
