// Any text either is refused or is the one spelling of what it decodes to.
#include "codec/base64.h"

#include "base/check.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using namespace holdfast;
  const ByteView bytes = std::as_bytes(std::span(input, size));
  const auto decoded = codec::from_base64(as_text(bytes));
  check(!decoded || codec::to_base64(*decoded) == as_text(bytes), "every value has one spelling");
  const auto again = codec::from_base64(codec::to_base64(bytes));
  check(again.has_value() && std::ranges::equal(*again, bytes), "the round trip is exact");
  return 0;
}
