// The kind of content that a name's ending stands for, as browsers want to be told.
#pragma once

#include <string_view>

namespace holdfast::cli {

// "image/jpeg" for "a/b.JPG"; empty for an ending that is not common on the web.
std::string_view content_type_of(std::string_view name);

}  // namespace holdfast::cli
