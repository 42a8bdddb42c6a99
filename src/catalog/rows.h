// Rows of the catalog as bytes: keys that sort as they must, and values. Pure functions.
//
// docs/formats/catalog.md has the tables. Decoders take bytes that nobody vouches for and fail with
// `corrupt`.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/object.h"
#include "env/table.h"
#include "vault/content.h"
#include "vault/vault.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::catalog {

// The families, in the order of Catalog::families().
inline constexpr env::Family names_family = vault::first_catalog_family;
inline constexpr env::Family extents_family = vault::first_catalog_family + 1;
inline constexpr env::Family parts_family = vault::first_catalog_family + 2;
inline constexpr env::Family uploads_family = vault::first_catalog_family + 3;
inline constexpr env::Family counts_family = vault::first_catalog_family + 4;
inline constexpr env::Family settings_family = vault::first_catalog_family + 5;

inline constexpr std::uint64_t format_version = 1;
inline constexpr std::size_t inline_extents_max = 4;     // More of them get rows of their own.
inline constexpr std::size_t extents_per_row_max = 256;  // About 9 KiB.
inline constexpr std::size_t parts_per_row_max = 256;

// Drawn from one counter, so that each is distinct among all. A bucket is its root directory.
using DirectoryId = BucketId;
using ContentId = std::uint64_t;
using StreamId = std::uint64_t;

// --- Numbers in keys: big-endian, so that they sort.
void append_number(std::string& key, std::uint64_t number);
std::string number_key(std::uint64_t number);
std::uint64_t number_at(std::string_view key, std::size_t position);  // Eight bytes must be there.

// The first key after all that begin with `prefix`; nothing if there is none.
std::optional<std::string> after_all_of(std::string prefix);

// --- Where the bytes of an object or a part are.
struct Body {
  enum class Kind : std::uint8_t {
    here = 0,    // `extents`.
    stream = 1,  // Rows of `content` and `stream` in the extents family.
    parts = 2,   // Rows of `content` in the parts family, each part with a body of its own.
  };

  Kind kind = Kind::here;
  std::vector<vault::Extent> extents;
  ContentId content = 0;
  StreamId stream = 0;

  bool operator==(const Body&) const = default;
};

// --- names: parent, name, 0x00, ~sequence → object or directory.
struct ObjectRow {
  ObjectInfo info;  // Without key and version, which the row's key tells.
  Body body;
};
struct DirectoryRow {
  DirectoryId id = 0;
};
using NameRow = std::variant<ObjectRow, DirectoryRow>;

// Keys without the commit suffix. `name` of a directory ends with '/'.
std::string name_key(DirectoryId parent, std::string_view name);

struct NameKey {
  DirectoryId parent = 0;
  std::string_view name;
  std::uint64_t sequence = 0;
};
Result<NameKey> decode_name_key(std::string_view key);

std::string encode_name_row(const NameRow& row);
Result<NameRow> decode_name_row(std::string_view value);
// Leaves out the body.
Result<std::variant<ObjectInfo, DirectoryRow>> decode_name_summary(std::string_view value);

// --- extents: content, stream, first offset → extents end to end.
std::string extents_key(ContentId content, StreamId stream, std::uint64_t offset);
// The key after all rows of a stream, of a content.
std::string extents_end(ContentId content, StreamId stream);
std::string content_end(ContentId content);
std::string encode_extents(std::span<const vault::Extent> extents);
Result<std::vector<vault::Extent>> decode_extents(std::string_view value);

// --- parts: content, 0, number → a part of an upload;
//            content, 1, first offset, first number → parts of an object. Parts may be empty.
struct PartRow {
  PartInfo info;
  Body body;
};
std::string upload_part_key(ContentId content, std::uint32_t number);
std::string object_parts_key(ContentId content, std::uint64_t offset, std::uint32_t number);
std::string object_parts_begin(ContentId content);
std::uint64_t offset_of_parts(std::string_view key);
std::string encode_parts(std::span<const PartRow> parts);
Result<std::vector<PartRow>> decode_parts(std::string_view value);

// --- uploads: bucket, key, 0x00, id → upload. The id begins with the number of its content.
struct UploadRow {
  UserId initiator = 0;
  WallTime started;
  Fields fields;
};
inline constexpr std::size_t upload_id_bytes = 16;
std::string upload_key(BucketId bucket, std::string_view key, std::string_view id_bytes);
std::string encode_upload(const UploadRow& row);
Result<UploadInfo> decode_upload(std::string_view key, std::string_view value);
ContentId content_of_upload(std::string_view id_bytes);
// Nothing if that cannot be the id of an upload.
std::optional<std::string> upload_id_to_bytes(const UploadId& id);

// --- counts: directory → objects and bytes in it and below.
inline std::string counts_key(DirectoryId directory) {
  return number_key(directory);
}
Result<Usage> decode_usage(std::string_view value);

// --- settings: what there is one of, or few.
inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view numbers_key = "numbers";  // Below this, numbers were handed out.
std::string bucket_key(std::string_view name);              // → bucket
std::string bucket_name_key(BucketId bucket);               // → its name
std::string writing_key(ContentId content, StreamId stream);          // A stream not named yet.
inline constexpr std::string_view user_numbers_key = "user-numbers";  // The next user's.
inline constexpr std::string_view user_prefix = "user/";              // and number → user
inline constexpr std::string_view access_key_prefix = "access-key/";  // and id → access key
std::string encode_number(std::uint64_t number);
Result<std::uint64_t> decode_number(std::string_view value);
std::string encode_bucket(const Bucket& bucket);
Result<Bucket> decode_bucket(std::string_view key, std::string_view value);

}  // namespace holdfast::catalog
