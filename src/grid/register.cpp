#include "grid/register.h"

#include "codec/blake3.h"
#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace holdfast::grid {
namespace {

constexpr wire::Format format{.magic = "HFREGSTR", .version = 1};
constexpr std::size_t mac_bytes = 32;
constexpr std::size_t row_bytes_min = 1 + 8 + 1;

codec::Blake3Hash mac_of(ByteView fields, const codec::SecretKey& key) {
  return codec::Blake3::keyed(key).update(as_bytes("holdfast register 1")).update(fields).finish();
}

}  // namespace

Bytes encode_register(const Register& value, const codec::SecretKey& key) {
  wire::Writer writer;
  writer.put_u64(value.sequence);
  writer.put_varint(value.members.size());
  for (const SlotId& member : value.members) writer.put_id(member);
  writer.put_varint(value.rows.size());
  for (const auto& [name, row] : value.rows) {
    writer.put_text(name);
    writer.put_u64(row.version);
    writer.put_bytes(row.value);
  }
  writer.put_raw(mac_of(writer.view(), key));
  return wire::enclose(format, writer.view());
}

Result<Register> decode_register(ByteView bytes, const codec::SecretKey& key) {
  TRY_LET(const auto opened, wire::open_envelope(format, bytes));
  if (opened.payload.size() < mac_bytes) return fail(ErrorCode::corrupt, "a register without MAC");
  const ByteView fields = opened.payload.first(opened.payload.size() - mac_bytes);
  if (!codec::equal_in_constant_time(mac_of(fields, key), opened.payload.last(mac_bytes))) {
    return fail(ErrorCode::corrupt, "a register made under another key");
  }
  wire::Reader reader(fields);
  Register value;
  TRY_LET(value.sequence, reader.take_u64());
  TRY_LET(const std::size_t member_count, reader.take_count(SlotId::size));
  for (std::size_t i = 0; i < member_count; ++i) {
    TRY_LET(const auto member, reader.take_id<SlotId>());
    value.members.push_back(member);
  }
  TRY_LET(const std::size_t row_count, reader.take_count(row_bytes_min));
  for (std::size_t i = 0; i < row_count; ++i) {
    TRY_LET(std::string name, reader.take_text(row_name_bytes_max));
    Row row;
    TRY_LET(row.version, reader.take_u64());
    TRY_LET(const ByteView row_value, reader.take_bytes(register_bytes_max));
    row.value = to_bytes(row_value);
    if (!value.rows.emplace(std::move(name), std::move(row)).second) {
      return fail(ErrorCode::corrupt, "a register with a row twice");
    }
  }
  TRY(reader.finish());
  return value;
}

}  // namespace holdfast::grid
