#include "catalog/rows.h"

#include "base/check.h"
#include "base/hex.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::catalog {
namespace {

using wire::Reader;
using wire::Writer;

// Bounds that every writer keeps by far, so that a damaged length is noticed early.
constexpr std::size_t text_bytes_max = 1 << 20;
constexpr std::size_t extent_bytes = ChunkId::size + sizeof(std::uint32_t);

enum class NameKind : std::uint8_t { object = 1, directory = 2 };
enum class EtagForm : std::uint8_t { text = 0, hex = 1 };
constexpr std::size_t hex_etag_bytes = 16;

std::string to_value(Writer&& writer) {
  return std::string(as_text(writer.view()));
}

std::unexpected<Error> odd(std::string_view what, std::uint64_t value) {
  return fail(ErrorCode::corrupt, fmt::format("unknown {} {}", what, value));
}

void put_time(Writer& writer, WallTime time) {
  writer.put_u64(static_cast<std::uint64_t>(time.since_epoch.count()));
}
Result<WallTime> take_time(Reader& reader) {
  TRY_LET(const std::uint64_t count, reader.take_u64());
  return WallTime{Duration(static_cast<std::int64_t>(count))};
}

void put_fields(Writer& writer, const Fields& fields) {
  writer.put_varint(fields.size());
  for (const auto& [name, value] : fields) {
    writer.put_text(name);
    writer.put_text(value);
  }
}
Result<Fields> take_fields(Reader& reader) {
  TRY_LET(const std::size_t count, reader.take_count(2));
  Fields fields;
  fields.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY_LET(std::string name, reader.take_text(text_bytes_max));
    TRY_LET(std::string value, reader.take_text(text_bytes_max));
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

bool is_hex_etag(std::string_view etag) {
  return etag.size() == 2 * hex_etag_bytes && std::ranges::all_of(etag, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Most ETags are digests in hexadecimal digits, and take half the room as bytes.
void put_etag(Writer& writer, std::string_view etag) {
  if (is_hex_etag(etag)) {
    writer.put_u8(std::to_underlying(EtagForm::hex));
    writer.put_raw(from_hex(etag).value());
  } else {
    writer.put_u8(std::to_underlying(EtagForm::text));
    writer.put_text(etag);
  }
}
Result<std::string> take_etag(Reader& reader) {
  TRY_LET(const std::uint8_t form, reader.take_u8());
  switch (EtagForm{form}) {
    case EtagForm::text:
      return reader.take_text(text_bytes_max);
    case EtagForm::hex: {
      TRY_LET(const ByteView bytes, reader.take_raw(hex_etag_bytes));
      return to_hex(bytes);
    }
  }
  return odd("form of an ETag", form);
}

void put_body(Writer& writer, const Body& body) {
  writer.put_u8(std::to_underlying(body.kind));
  switch (body.kind) {
    case Body::Kind::here:
      writer.put_varint(body.extents.size());
      for (const vault::Extent& extent : body.extents) {
        writer.put_id(extent.chunk);
        writer.put_u32(extent.size);
      }
      return;
    case Body::Kind::stream:
      writer.put_varint(body.content);
      writer.put_varint(body.stream);
      return;
    case Body::Kind::parts:
      writer.put_varint(body.content);
      return;
  }
}

Result<vault::Extent> take_extent(Reader& reader) {
  TRY_LET(const ChunkId chunk, reader.take_id<ChunkId>());
  TRY_LET(const std::uint32_t size, reader.take_u32());
  if (size == 0) return fail(ErrorCode::corrupt, "an extent of no bytes");
  return vault::Extent{.chunk = chunk, .size = size};
}

Result<Body> take_body(Reader& reader) {
  TRY_LET(const std::uint8_t kind, reader.take_u8());
  Body body{.kind = Body::Kind{kind}, .extents = {}, .content = 0, .stream = 0};
  switch (body.kind) {
    case Body::Kind::here: {
      TRY_LET(const std::size_t count, reader.take_count(extent_bytes));
      body.extents.reserve(count);
      for (std::size_t i = 0; i < count; ++i) {
        TRY_LET(body.extents.emplace_back(), take_extent(reader));
      }
      return body;
    }
    case Body::Kind::stream: {
      TRY_LET(body.content, reader.take_varint());
      TRY_LET(body.stream, reader.take_varint());
      return body;
    }
    case Body::Kind::parts: {
      TRY_LET(body.content, reader.take_varint());
      return body;
    }
  }
  return odd("kind of body", kind);
}

void put_object(Writer& writer, const ObjectRow& row) {
  writer.put_u8(std::to_underlying(NameKind::object));
  writer.put_varint(row.info.size);
  put_time(writer, row.info.modified);
  put_etag(writer, row.info.etag);
  writer.put_varint(row.info.part_count);
  put_fields(writer, row.info.fields);
  put_body(writer, row.body);
}

Result<ObjectInfo> take_object_info(Reader& reader) {
  ObjectInfo info;
  TRY_LET(info.size, reader.take_varint());
  TRY_LET(info.modified, take_time(reader));
  TRY_LET(info.etag, take_etag(reader));
  TRY_LET(const std::uint64_t part_count, reader.take_varint(part_count_max));
  info.part_count = static_cast<std::uint32_t>(part_count);
  TRY_LET(info.fields, take_fields(reader));
  return info;
}

Result<DirectoryRow> take_directory(Reader& reader) {
  TRY_LET(const std::uint64_t id, reader.take_varint());
  TRY(reader.finish());
  return DirectoryRow{.id = id};
}

Result<PartRow> take_part(Reader& reader) {
  PartRow row;
  TRY_LET(const std::uint64_t number, reader.take_varint(part_count_max));
  row.info.number = static_cast<std::uint32_t>(number);
  TRY_LET(row.info.size, reader.take_varint());
  TRY_LET(row.info.modified, take_time(reader));
  TRY_LET(row.info.etag, take_etag(reader));
  TRY_LET(row.info.fields, take_fields(reader));
  TRY_LET(row.body, take_body(reader));
  if (row.body.kind == Body::Kind::parts) return fail(ErrorCode::corrupt, "a part made of parts");
  return row;
}

}  // namespace

void append_number(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
}

std::string number_key(std::uint64_t number) {
  std::string key;
  append_number(key, number);
  return key;
}

std::uint64_t number_at(std::string_view key, std::size_t position) {
  check(key.size() >= position + sizeof(std::uint64_t), "a number in a key has eight bytes");
  std::uint64_t number = 0;
  for (const char byte : key.substr(position, sizeof number)) {
    number = (number << 8) | static_cast<unsigned char>(byte);
  }
  return number;
}

std::optional<std::string> after_all_of(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::string name_key(DirectoryId parent, std::string_view name) {
  std::string key;
  key.reserve(sizeof parent + name.size() + vault::commit_suffix_bytes);
  append_number(key, parent);
  key += name;
  return key;
}

Result<NameKey> decode_name_key(std::string_view key) {
  constexpr std::size_t bytes_min = sizeof(DirectoryId) + vault::commit_suffix_bytes;
  if (key.size() < bytes_min || key[key.size() - vault::commit_suffix_bytes] != '\0') {
    return fail(ErrorCode::corrupt, "a name's key without a commit suffix");
  }
  return NameKey{.parent = number_at(key, 0),
                 .name = key.substr(sizeof(DirectoryId), key.size() - bytes_min),
                 .sequence = vault::sequence_of_suffix(key)};
}

std::string encode_name_row(const NameRow& row) {
  Writer writer(256);
  if (const auto* directory = std::get_if<DirectoryRow>(&row)) {
    writer.put_u8(std::to_underlying(NameKind::directory));
    writer.put_varint(directory->id);
  } else {
    put_object(writer, std::get<ObjectRow>(row));
  }
  return to_value(std::move(writer));
}

Result<NameRow> decode_name_row(std::string_view value) {
  Reader reader(as_bytes(value));
  TRY_LET(const std::uint8_t kind, reader.take_u8());
  switch (NameKind{kind}) {
    case NameKind::object: {
      TRY_LET(ObjectInfo info, take_object_info(reader));
      TRY_LET(Body body, take_body(reader));
      TRY(reader.finish());
      return ObjectRow{.info = std::move(info), .body = std::move(body)};
    }
    case NameKind::directory:
      return take_directory(reader);
  }
  return odd("kind of name", kind);
}

Result<std::variant<ObjectInfo, DirectoryRow>> decode_name_summary(std::string_view value) {
  Reader reader(as_bytes(value));
  TRY_LET(const std::uint8_t kind, reader.take_u8());
  switch (NameKind{kind}) {
    case NameKind::object:
      return take_object_info(reader);
    case NameKind::directory:
      return take_directory(reader);
  }
  return odd("kind of name", kind);
}

std::string extents_key(ContentId content, StreamId stream, std::uint64_t offset) {
  std::string key;
  append_number(key, content);
  append_number(key, stream);
  append_number(key, offset);
  return key;
}

std::string extents_end(ContentId content, StreamId stream) {
  return extents_key(content, stream + 1, 0);
}

std::string content_end(ContentId content) {
  return number_key(content + 1);
}

std::string encode_extents(std::span<const vault::Extent> extents) {
  Writer writer(extents.size() * extent_bytes);
  for (const vault::Extent& extent : extents) {
    writer.put_id(extent.chunk);
    writer.put_u32(extent.size);
  }
  return to_value(std::move(writer));
}

Result<std::vector<vault::Extent>> decode_extents(std::string_view value) {
  if (value.empty() || value.size() % extent_bytes != 0) {
    return fail(ErrorCode::corrupt, fmt::format("a row of extents of {} bytes", value.size()));
  }
  Reader reader(as_bytes(value));
  std::vector<vault::Extent> extents;
  extents.reserve(value.size() / extent_bytes);
  while (!reader.is_at_end()) {
    TRY_LET(extents.emplace_back(), take_extent(reader));
  }
  return extents;
}

std::string upload_part_key(ContentId content, std::uint32_t number) {
  std::string key = number_key(content);
  key.push_back('\0');
  append_number(key, number);
  return key;
}

std::string object_parts_key(ContentId content, std::uint64_t offset, std::uint32_t number) {
  std::string key = object_parts_begin(content);
  append_number(key, offset);
  append_number(key, number);
  return key;
}

std::string object_parts_begin(ContentId content) {
  std::string key = number_key(content);
  key.push_back('\x01');
  return key;
}

std::uint64_t offset_of_parts(std::string_view key) {
  return number_at(key, sizeof(ContentId) + 1);
}

std::string encode_parts(std::span<const PartRow> parts) {
  Writer writer(parts.size() * 128);
  for (const PartRow& part : parts) {
    writer.put_varint(part.info.number);
    writer.put_varint(part.info.size);
    put_time(writer, part.info.modified);
    put_etag(writer, part.info.etag);
    put_fields(writer, part.info.fields);
    put_body(writer, part.body);
  }
  return to_value(std::move(writer));
}

Result<std::vector<PartRow>> decode_parts(std::string_view value) {
  Reader reader(as_bytes(value));
  std::vector<PartRow> parts;
  do {
    TRY_LET(parts.emplace_back(), take_part(reader));
  } while (!reader.is_at_end());
  return parts;
}

std::string upload_key(BucketId bucket, std::string_view key, std::string_view id_bytes) {
  std::string row = number_key(bucket);
  row += key;
  row.push_back('\0');
  row += id_bytes;
  return row;
}

std::string encode_upload(const UploadRow& row) {
  Writer writer;
  writer.put_varint(row.initiator);
  put_time(writer, row.started);
  put_fields(writer, row.fields);
  return to_value(std::move(writer));
}

Result<UploadInfo> decode_upload(std::string_view key, std::string_view value) {
  constexpr std::size_t tail = 1 + upload_id_bytes;
  if (key.size() < sizeof(BucketId) + tail || key[key.size() - tail] != '\0') {
    return fail(ErrorCode::corrupt, "an upload's key without an id");
  }
  UploadInfo info;
  info.id = to_hex(as_bytes(key.substr(key.size() - upload_id_bytes)));
  info.key = key.substr(sizeof(BucketId), key.size() - sizeof(BucketId) - tail);
  Reader reader(as_bytes(value));
  TRY_LET(info.initiator, reader.take_varint());
  TRY_LET(info.started, take_time(reader));
  TRY_LET(info.fields, take_fields(reader));
  TRY(reader.finish());
  return info;
}

ContentId content_of_upload(std::string_view id_bytes) {
  return number_at(id_bytes, 0);
}

std::optional<std::string> upload_id_to_bytes(const UploadId& id) {
  const auto bytes = from_hex(id);
  if (!bytes || bytes->size() != upload_id_bytes) return std::nullopt;
  return std::string(as_text(*bytes));
}

Result<Usage> decode_usage(std::string_view value) {
  if (value.size() != 2 * sizeof(std::int64_t)) {
    return fail(ErrorCode::corrupt, fmt::format("counters of {} bytes", value.size()));
  }
  const std::vector<std::int64_t> counters = env::decode_counters(value);
  if (counters[0] < 0 || counters[1] < 0) {
    return fail(ErrorCode::corrupt, "a directory that counts less than nothing");
  }
  return Usage{.objects = static_cast<std::uint64_t>(counters[0]),
               .bytes = static_cast<std::uint64_t>(counters[1])};
}

std::string bucket_key(std::string_view name) {
  return "bucket/" + std::string(name);
}

std::string bucket_name_key(BucketId bucket) {
  return "bucket-name/" + number_key(bucket);
}

std::string writing_key(ContentId content, StreamId stream) {
  return "writing/" + number_key(content) + number_key(stream);
}

std::string encode_number(std::uint64_t number) {
  Writer writer;
  writer.put_varint(number);
  return to_value(std::move(writer));
}

Result<std::uint64_t> decode_number(std::string_view value) {
  Reader reader(as_bytes(value));
  TRY_LET(const std::uint64_t number, reader.take_varint());
  TRY(reader.finish());
  return number;
}

std::string encode_bucket(const Bucket& bucket) {
  Writer writer;
  writer.put_varint(bucket.id);
  writer.put_varint(bucket.owner);
  put_time(writer, bucket.created);
  put_fields(writer, bucket.settings);
  return to_value(std::move(writer));
}

Result<Bucket> decode_bucket(std::string_view key, std::string_view value) {
  const std::string prefix = bucket_key({});
  if (!key.starts_with(prefix)) return fail(ErrorCode::corrupt, "a bucket's key");
  Bucket bucket;
  bucket.name = key.substr(prefix.size());
  Reader reader(as_bytes(value));
  TRY_LET(bucket.id, reader.take_varint());
  TRY_LET(bucket.owner, reader.take_varint());
  TRY_LET(bucket.created, take_time(reader));
  TRY_LET(bucket.settings, take_fields(reader));
  TRY(reader.finish());
  return bucket;
}

}  // namespace holdfast::catalog
