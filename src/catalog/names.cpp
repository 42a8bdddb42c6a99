#include "catalog/names.h"

#include <fmt/format.h>

namespace holdfast::catalog {

Result<void> check_key(std::string_view key) {
  if (key.empty() || key.size() > key_bytes_max) {
    return fail(ErrorCode::invalid,
                fmt::format("a key of {} bytes; 1 to {} are allowed", key.size(), key_bytes_max));
  }
  if (key.contains('\0')) return fail(ErrorCode::invalid, "a key with a byte 0 in it");
  return {};
}

Result<void> check_fields(const Fields& fields, std::size_t bytes_max) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : fields) bytes += name.size() + value.size();
  if (bytes <= bytes_max) return {};
  return fail(ErrorCode::invalid,
              fmt::format("attributes of {} bytes; {} are allowed", bytes, bytes_max));
}

}  // namespace holdfast::catalog
