// Conditional requests: what a client makes its request depend on (RFC 9110, section 13), with the
// particular rules of S3 for changes.
#pragma once

#include "base/time.h"
#include "gateway/s3/protocol/error.h"
#include "net/http.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::s3 {

// What conditions are judged against.
struct Subject {
  std::string_view etag;  // Without quotes.
  WallTime modified;
  std::uint64_t size = 0;
};

struct Conditions {
  std::optional<std::string> if_match = {};
  std::optional<std::string> if_none_match = {};
  std::optional<WallTime> if_modified_since = {};
  std::optional<WallTime> if_unmodified_since = {};

  // Takes the four headers, each name after `prefix` ("" or "x-amz-copy-source-"). Dates that
  // cannot be read, or lie after `now`, are ignored.
  static Conditions read(const net::Headers& headers, std::string_view prefix, WallTime now);
};

// For reading. Fails with PreconditionFailed, or NotModified where the client has it already.
Outcome<void> judge_read(const Conditions& conditions, const Subject& subject);

// For the source of a copy: like a read, but what is not modified is a failure too.
Outcome<void> judge_copy_source(const Conditions& conditions, const Subject& subject);

// Whether If-Range with `value` lets a Range count: it names just this state of the object, by its
// ETag (a weak one never does) or its date. Otherwise the client's part is of other bytes, and it
// wants the whole.
bool allows_range(std::string_view value, const Subject& subject);

// For replacing an object; nothing: there is none. Only If-Match with an ETag and If-None-Match
// with
// "*", and one of them at a time.
Outcome<void> judge_write(const Conditions& conditions, const std::optional<Subject>& existing);

// For deleting an object.
struct DeleteConditions {
  std::optional<std::string> if_match = {};
  std::optional<WallTime> if_match_modified = {};
  std::optional<std::uint64_t> if_match_size = {};

  bool is_empty() const { return !if_match && !if_match_modified && !if_match_size; }
};
Outcome<void> judge_delete(const DeleteConditions& conditions,
                           const std::optional<Subject>& existing);

// Whether `list`, the value of an If-Match or If-None-Match header, is "*" or names `etag`.
bool names_etag(std::string_view list, std::string_view etag);

}  // namespace holdfast::s3
