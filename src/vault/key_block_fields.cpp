#include "vault/key_block_fields.h"

#include "codec/checksum.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace holdfast::vault {
namespace {

constexpr std::string_view magic = "HFKEYBLK";
constexpr std::uint16_t version = 1;
constexpr std::uint16_t known_features = 0;
constexpr std::size_t wrap_bytes = 136;
constexpr std::size_t key_bytes = 68;
constexpr std::size_t checksum_bytes = 4;

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::corrupt, std::string(what));
}

void put_start(wire::Writer& writer, const VaultId& vault) {
  writer.put_raw(as_bytes(magic));
  writer.put_u16(version);
  writer.put_u16(known_features);
  writer.put_id(vault);
}

// All of a wrap but the master key in it.
void put_open_part(wire::Writer& writer, const KeyWrap& wrap) {
  writer.put_id(wrap.summary.id);
  writer.put_u8(static_cast<std::uint8_t>(wrap.summary.kind));
  writer.put_zeros(3);
  const bool costs = wrap.summary.kind == WrapKind::passphrase;
  const codec::Argon2Parameters cost =
      costs ? wrap.summary.cost : codec::Argon2Parameters{.memory_kib = 0, .passes = 0, .lanes = 0};
  writer.put_u32(cost.memory_kib);
  writer.put_u32(cost.passes);
  writer.put_u32(cost.lanes);
  writer.put_raw(wrap.salt);
  writer.put_raw(wrap.check);
}

void put_open_part(wire::Writer& writer, const WrappedKey& key) {
  writer.put_u8(static_cast<std::uint8_t>(key.purpose));
  writer.put_zeros(3);
  writer.put_u32(key.number);
  writer.put_raw(key.nonce);
}

template <std::size_t Size>
Result<void> take_into(wire::Reader& reader, std::array<std::byte, Size>& into) {
  TRY_LET(const ByteView view, reader.take_raw(Size));
  std::ranges::copy(view, into.begin());
  return {};
}

Result<void> take_zeros(wire::Reader& reader, std::size_t count) {
  TRY_LET(const ByteView view, reader.take_raw(count));
  if (std::ranges::any_of(view, [](std::byte byte) { return byte != std::byte{0}; })) {
    return corrupt("reserved bytes are not zero");
  }
  return {};
}

Result<WrapKind> take_wrap_kind(wire::Reader& reader) {
  TRY_LET(const std::uint8_t number, reader.take_u8());
  const auto kind = static_cast<WrapKind>(number);
  switch (kind) {
    case WrapKind::passphrase:
    case WrapKind::recovery_words:
    case WrapKind::machine_key:
      return kind;
  }
  return fail(ErrorCode::unsupported, fmt::format("wrap of kind {}", number));
}

Result<KeyPurpose> take_purpose(wire::Reader& reader) {
  TRY_LET(const std::uint8_t number, reader.take_u8());
  const auto purpose = static_cast<KeyPurpose>(number);
  switch (purpose) {
    case KeyPurpose::chunk_id:
    case KeyPurpose::gear:
    case KeyPurpose::service:
    case KeyPurpose::data:
      return purpose;
  }
  return fail(ErrorCode::unsupported, fmt::format("key of purpose {}", number));
}

Result<KeyWrap> take_wrap(wire::Reader& reader) {
  KeyWrap wrap;
  TRY_LET(wrap.summary.id, reader.take_id<WrapId>());
  TRY_LET(wrap.summary.kind, take_wrap_kind(reader));
  TRY(take_zeros(reader, 3));
  if (wrap.summary.kind == WrapKind::passphrase) {
    codec::Argon2Parameters& cost = wrap.summary.cost;
    TRY_LET(cost.memory_kib, reader.take_u32());
    TRY_LET(cost.passes, reader.take_u32());
    TRY_LET(cost.lanes, reader.take_u32());
    if (!cost.is_valid()) {
      return corrupt(fmt::format("a passphrase that costs {} KiB, {} passes, {} lanes",
                                 cost.memory_kib, cost.passes, cost.lanes));
    }
  } else {
    TRY(take_zeros(reader, 12));
  }
  TRY(take_into(reader, wrap.salt));
  TRY(take_into(reader, wrap.check));
  TRY(take_into(reader, wrap.sealed_master));
  return wrap;
}

Result<WrappedKey> take_key(wire::Reader& reader) {
  WrappedKey key;
  TRY_LET(key.purpose, take_purpose(reader));
  TRY(take_zeros(reader, 3));
  TRY_LET(key.number, reader.take_u32());
  TRY(take_into(reader, key.nonce));
  TRY(take_into(reader, key.sealed));
  if (key.number == 0 || (key.purpose != KeyPurpose::data && key.number != 1)) {
    return corrupt(fmt::format("a key with number {}", key.number));
  }
  return key;
}

Result<KeyBlockFields> take_fields(wire::Reader& reader) {
  KeyBlockFields fields;
  TRY_LET(fields.vault, reader.take_id<VaultId>());
  TRY_LET(const std::uint16_t wrap_count, reader.take_u16());
  TRY_LET(const std::uint16_t key_count, reader.take_u16());
  if (wrap_count == 0 || wrap_count > key_wraps_max) return corrupt("the number of wraps");
  if (key_count > wrapped_keys_max) return corrupt("the number of keys");
  std::set<WrapId> ids;
  for (std::size_t i = 0; i < wrap_count; ++i) {
    TRY_LET(const KeyWrap wrap, take_wrap(reader));
    if (!ids.insert(wrap.summary.id).second) return corrupt("two wraps with one id");
    fields.wraps.push_back(wrap);
  }
  std::set<std::pair<KeyPurpose, std::uint32_t>> names;
  for (std::size_t i = 0; i < key_count; ++i) {
    TRY_LET(const WrappedKey key, take_key(reader));
    if (!names.emplace(key.purpose, key.number).second) return corrupt("one key twice");
    fields.keys.push_back(key);
  }
  // One of each, and at least one data key.
  for (const KeyPurpose purpose :
       {KeyPurpose::chunk_id, KeyPurpose::gear, KeyPurpose::service, KeyPurpose::data}) {
    if (std::ranges::find(fields.keys, purpose, &WrappedKey::purpose) == fields.keys.end()) {
      return corrupt("a key is missing");
    }
  }
  TRY(take_into(reader, fields.mac));
  TRY(reader.finish());
  return fields;
}

Result<KeyBlockFields> decode(ByteView bytes) {
  // Beginning and checksum are the same in all versions, so damage is told from novelty.
  if (bytes.size() < magic.size() + checksum_bytes || as_text(bytes.first(magic.size())) != magic) {
    return corrupt("does not begin like one");
  }
  const ByteView content = bytes.first(bytes.size() - checksum_bytes);
  wire::Reader checksum(bytes.last(checksum_bytes));
  TRY_LET(const std::uint32_t expected, checksum.take_u32());
  if (codec::crc32c(content) != expected) return corrupt("the checksum is wrong");

  wire::Reader reader(content.subspan(magic.size()));
  TRY_LET(const std::uint16_t found, reader.take_u16());
  TRY_LET(const std::uint16_t features, reader.take_u16());
  if (found != version || (features & ~known_features) != 0) {
    return fail(
        ErrorCode::unsupported,
        fmt::format("version {}, features {:#x}: a newer release wrote it", found, features));
  }
  return take_fields(reader);
}

}  // namespace

Bytes encode_body(const KeyBlockFields& fields) {
  wire::Writer writer(128 + fields.wraps.size() * wrap_bytes + fields.keys.size() * key_bytes);
  put_start(writer, fields.vault);
  writer.put_u16(static_cast<std::uint16_t>(fields.wraps.size()));
  writer.put_u16(static_cast<std::uint16_t>(fields.keys.size()));
  for (const KeyWrap& wrap : fields.wraps) {
    put_open_part(writer, wrap);
    writer.put_raw(wrap.sealed_master);
  }
  for (const WrappedKey& key : fields.keys) {
    put_open_part(writer, key);
    writer.put_raw(key.sealed);
  }
  return std::move(writer).take();
}

Bytes associated_with(const VaultId& vault, const KeyWrap& wrap) {
  wire::Writer writer;
  put_start(writer, vault);
  put_open_part(writer, wrap);
  return std::move(writer).take();
}

Bytes associated_with(const VaultId& vault, const WrappedKey& key) {
  wire::Writer writer;
  put_start(writer, vault);
  put_open_part(writer, key);
  return std::move(writer).take();
}

Bytes encode(const KeyBlockFields& fields) {
  wire::Writer writer;
  writer.put_raw(encode_body(fields));
  writer.put_raw(fields.mac);
  writer.put_u32(codec::crc32c(writer.view()));
  return std::move(writer).take();
}

Result<KeyBlockFields> decode_key_block(ByteView bytes) {
  auto fields = decode(bytes);
  if (!fields) return std::unexpected(std::move(fields).error().within("key block"));
  return fields;
}

}  // namespace holdfast::vault
