// Rows of users and their access keys, in the settings family. Pure functions; decoders take bytes
// that nobody vouches for and fail with `corrupt`.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/users.h"

#include <string>
#include <string_view>

namespace holdfast::catalog {

inline constexpr std::size_t sealed_secret_bytes_max = 256;

struct AccessKeyRow {
  UserId user = 0;
  WallTime created;
  Bytes sealed_secret;  // Nonce, then the secret under AES-256-GCM.
};

std::string user_row_key(UserId id);
std::string encode_user(const User& user);
Result<User> decode_user(std::string_view key, std::string_view value);

std::string access_key_row_key(std::string_view id);
std::string encode_access_key(const AccessKeyRow& row);
Result<AccessKeyRow> decode_access_key(std::string_view value);

}  // namespace holdfast::catalog
