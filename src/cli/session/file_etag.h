// The ETag that a file's content would have as an object.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace holdfast::cli {

// Of the kind that `example` is: an MD5, or the node's own. Empty where it is another, as after an
// upload in parts. Blocks while the file is read.
Result<std::string> etag_of_file(const std::string& path, std::string_view example);

}  // namespace holdfast::cli
