// What the headers of requests and answers about objects say.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "net/http.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::node {

// A `Range` header of one range of bytes (RFC 9110, section 14.1.2).
struct RangeWish {
  std::optional<std::uint64_t> first;  // Nothing: the last `last` bytes.
  std::optional<std::uint64_t> last;   // Nothing: to the end.
};

// Nothing for a header that is empty or of another form: then all of the object is meant.
std::optional<RangeWish> parse_range(std::string_view header);

// `invalid` when no byte of an object of `size` bytes is in it.
Result<catalog::ByteRange> place_range(const RangeWish& wish, std::uint64_t size);

// Whether `etag` is named in a list of tags like `"a", W/"b"`, or the list is `*`.
bool names_etag(std::string_view list, std::string_view etag);

// An object's fields come and go as "holdfast-field-NAME", percent-encoded, but for content-type.
Result<catalog::Fields> read_fields(const net::Headers& headers);
void write_object(net::Headers& headers, const catalog::ObjectInfo& object);

// The condition of a change: If-Match and If-None-Match.
catalog::Condition condition_of(const net::Headers& headers, std::string label);

// Keys are UTF-8 of 1 to 1,024 bytes without NUL.
Result<void> judge_key(std::string_view key);

}  // namespace holdfast::node
