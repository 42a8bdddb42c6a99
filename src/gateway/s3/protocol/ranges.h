// Byte ranges of a request (RFC 9110, section 14.2), one at a time: S3 serves no more.
#pragma once

#include "gateway/s3/protocol/error.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::s3 {

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  bool operator==(const Range&) const = default;
};

// The part that a Range header asks for of an object of `size` bytes. Nothing when the header means
// nothing to S3 (another unit, several ranges, nonsense), which is to be ignored. Fails with
// InvalidRange when the range lies past the end.
Outcome<std::optional<Range>> parse_range(std::string_view header, std::uint64_t size);

// x-amz-copy-source-range: "bytes=first-last", both given and inside the source.
Outcome<Range> parse_copy_range(std::string_view header, std::uint64_t size);

}  // namespace holdfast::s3
