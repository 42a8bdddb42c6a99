// What the catalog demands of keys and attributes. Protocols have stricter rules of their own.
#pragma once

#include "base/result.h"
#include "catalog/object.h"

#include <string_view>

namespace holdfast::catalog {

// 1 to key_bytes_max bytes without 0x00, else `invalid`.
Result<void> check_key(std::string_view key);

// Names and values together are at most `bytes_max`, else `invalid`.
Result<void> check_fields(const Fields& fields, std::size_t bytes_max);

}  // namespace holdfast::catalog
