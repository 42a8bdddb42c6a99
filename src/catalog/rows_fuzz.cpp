// Hostile rows: a decoder takes what an encoder writes, and only that, or refuses it.
#include "base/check.h"
#include "catalog/rows.h"
#include "catalog/user_rows.h"

namespace holdfast::catalog {
namespace {

void decode_names(std::string_view bytes) {
  if (const auto key = decode_name_key(bytes)) {
    check(name_key(key->parent, key->name) + vault::commit_suffix(key->sequence) == bytes,
          "a name's key has one spelling");
  }
  const auto row = decode_name_row(bytes);
  const auto summary = decode_name_summary(bytes);
  if (!row) return;
  check(encode_name_row(*row) == bytes, "a name's row has one spelling");
  check(summary.has_value(), "a summary is easier than the whole");
}

void decode_contents(std::string_view bytes) {
  if (const auto extents = decode_extents(bytes)) {
    check(encode_extents(*extents) == bytes, "a row of extents has one spelling");
  }
  if (const auto parts = decode_parts(bytes)) {
    check(encode_parts(*parts) == bytes, "a row of parts has one spelling");
  }
}

void decode_settings(std::string_view key, std::string_view bytes) {
  if (const auto upload = decode_upload(key, bytes)) {
    const UploadRow row{
        .initiator = upload->initiator, .started = upload->started, .fields = upload->fields};
    check(encode_upload(row) == bytes, "an upload's row has one spelling");
  }
  if (const auto bucket = decode_bucket(bucket_key(key), bytes)) {
    check(encode_bucket(*bucket) == bytes, "a bucket's row has one spelling");
  }
  if (const auto number = decode_number(bytes)) {
    check(encode_number(*number) == bytes, "a number has one spelling");
  }
  if (const auto user = decode_user(user_row_key(1), bytes)) {
    check(encode_user(*user) == bytes, "a user's row has one spelling");
  }
  if (const auto access_key = decode_access_key(bytes)) {
    check(encode_access_key(*access_key) == bytes, "an access key's row has one spelling");
  }
  static_cast<void>(decode_usage(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  decode_names(text);
  decode_contents(text);
  const std::size_t border = std::min<std::size_t>(size, 40);
  decode_settings(text.substr(0, border), text.substr(border));
  return 0;
}

}  // namespace holdfast::catalog
