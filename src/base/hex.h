// Bytes as lower-case hexadecimal text.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace holdfast {

std::string to_hex(ByteView bytes);

// Takes either case. Fails with `invalid` on an odd length or any other character.
Result<Bytes> from_hex(std::string_view text);

}  // namespace holdfast
