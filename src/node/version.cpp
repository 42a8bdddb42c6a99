#include "node/version.h"

namespace holdfast::node {

std::string_view version() {
  return HOLDFAST_VERSION;
}

}  // namespace holdfast::node
