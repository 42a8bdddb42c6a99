// Which Holdfast this is.
#pragma once

#include <string_view>

namespace holdfast::node {

// "1.2.3", by the build.
std::string_view version();

}  // namespace holdfast::node
