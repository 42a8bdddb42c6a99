// Base64 with the standard alphabet and padding (RFC 4648, section 4).
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace holdfast::codec {

std::string to_base64(ByteView bytes);

// Takes exactly what to_base64 makes, so that every value has one spelling: no line breaks, padding
// where it belongs, unused bits zero. Anything else is `invalid`.
Result<Bytes> from_base64(std::string_view text);

}  // namespace holdfast::codec
