#include "catalog/user_rows.h"

#include "catalog/rows.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <utility>

namespace holdfast::catalog {
namespace {

constexpr std::size_t name_bytes_max = 64;

void put_time(wire::Writer& writer, WallTime time) {
  writer.put_u64(static_cast<std::uint64_t>(time.since_epoch.count()));
}
Result<WallTime> take_time(wire::Reader& reader) {
  TRY_LET(const std::uint64_t count, reader.take_u64());
  return WallTime{Duration(static_cast<std::int64_t>(count))};
}

}  // namespace

std::string user_row_key(UserId id) {
  return std::string(user_prefix) + number_key(id);
}

std::string encode_user(const User& user) {
  wire::Writer writer;
  writer.put_text(user.name);
  writer.put_u8(std::uint8_t{user.is_admin});
  put_time(writer, user.created);
  return std::string(as_text(writer.view()));
}

Result<User> decode_user(std::string_view key, std::string_view value) {
  if (!key.starts_with(user_prefix) || key.size() != user_prefix.size() + sizeof(UserId)) {
    return fail(ErrorCode::corrupt, "a user's key");
  }
  wire::Reader reader(as_bytes(value));
  User user;
  user.id = number_at(key, user_prefix.size());
  TRY_LET(user.name, reader.take_text(name_bytes_max));
  TRY_LET(const std::uint8_t is_admin, reader.take_u8());
  if (is_admin > 1) return fail(ErrorCode::corrupt, "a user's rights");
  user.is_admin = is_admin == 1;
  TRY_LET(user.created, take_time(reader));
  TRY(reader.finish());
  return user;
}

std::string access_key_row_key(std::string_view id) {
  return std::string(access_key_prefix) + std::string(id);
}

std::string encode_access_key(const AccessKeyRow& row) {
  wire::Writer writer;
  writer.put_varint(row.user);
  put_time(writer, row.created);
  writer.put_bytes(row.sealed_secret);
  return std::string(as_text(writer.view()));
}

Result<AccessKeyRow> decode_access_key(std::string_view value) {
  wire::Reader reader(as_bytes(value));
  AccessKeyRow row;
  TRY_LET(row.user, reader.take_varint());
  TRY_LET(row.created, take_time(reader));
  TRY_LET(const ByteView sealed, reader.take_bytes(sealed_secret_bytes_max));
  row.sealed_secret = to_bytes(sealed);
  TRY(reader.finish());
  return row;
}

}  // namespace holdfast::catalog
