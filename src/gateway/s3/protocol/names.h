// Which names of buckets and keys of objects are legal. Keys are bytes: '..', '//' or a leading '/'
// mean nothing special in them.
#pragma once

#include "gateway/s3/protocol/error.h"

#include <string_view>

namespace holdfast::s3 {

// 3 to 63 of a-z 0-9 '.' '-', in labels that begin and end with a letter or digit, not like an IPv4
// address, without the prefixes and suffixes that S3 keeps for itself.
Outcome<void> check_bucket_name(std::string_view name);

// 1 to 1,024 bytes of UTF-8 without NUL.
Outcome<void> check_key(std::string_view key);

}  // namespace holdfast::s3
