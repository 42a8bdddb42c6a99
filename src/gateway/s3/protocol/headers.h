// Headers of a request that would change what it means: those that are served, and refusals for
// those that are not.
#pragma once

#include "gateway/s3/protocol/error.h"
#include "gateway/s3/protocol/operation.h"
#include "net/http.h"

#include <cstddef>

namespace holdfast::s3 {

// Of all headers of a request together, as S3 counts them.
inline constexpr std::size_t header_section_bytes_max = 8 * 1024;

// Refuses requests with longer headers, as S3 does before it looks at anything else.
Outcome<void> check_header_section(const net::Request& request);

// Refuses requests whose headers ask for what this gateway does not do (encryption under keys of
// the client's choice, object lock, tags, access control lists, other storage classes, part of an
// object), since doing the rest of the request would be a lie. A write is refused for any x-amz-…
// that is not known to be harmless.
Outcome<void> check_headers(const net::Request& request, Operation operation);

}  // namespace holdfast::s3
