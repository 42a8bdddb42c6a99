// Any text either is refused or is the one spelling of what it decodes to.
#include "codec/base64.h"

#include "base/check.h"

#include <cstdint>

namespace holdfast::codec {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(input, size));
  const auto decoded = from_base64(as_text(bytes));
  check(!decoded || to_base64(*decoded) == as_text(bytes), "every value has one spelling");
  const auto again = from_base64(to_base64(bytes));
  check(again.has_value() && std::ranges::equal(*again, bytes), "the round trip is exact");
  return 0;
}

}  // namespace holdfast::codec
