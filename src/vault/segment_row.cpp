// Rows of segments_family.
#include "vault/segment_store.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

namespace holdfast::vault {
namespace {

constexpr std::uint8_t row_version = 1;

}  // namespace

std::string encode_segment_row(const SegmentRow& row) {
  wire::Writer out(128);
  out.put_u8(row_version);
  out.put_id(row.id);
  out.put_u8(static_cast<std::uint8_t>(row.state));
  out.put_u8(static_cast<std::uint8_t>(row.kind));
  out.put_u32(row.key_generation);
  out.put_u64(row.session);
  out.put_u64(row.collection);
  out.put_u64(row.sealed_at);
  out.put_u32(row.size);
  out.put_u32(row.chunk_count);
  out.put_varint(row.slots.size());
  for (std::size_t i = 0; i < row.slots.size(); ++i) {
    out.put_id(row.slots[i]);
    out.put_id(row.roots[i]);
  }
  return std::string(as_text(out.view()));
}

Result<SegmentRow> decode_segment_row(std::string_view bytes) {
  wire::Reader in(as_bytes(bytes));
  TRY_LET(const std::uint8_t version, in.take_u8());
  if (version != row_version) {
    return fail(ErrorCode::unsupported, fmt::format("segment row of format version {}", version));
  }
  SegmentRow row;
  TRY_LET(row.id, in.take_id<SegmentId>());
  TRY_LET(const std::uint8_t state, in.take_u8());
  TRY_LET(const std::uint8_t kind, in.take_u8());
  if (state < 1 || state > 3 || kind < 1 || kind > 2) {
    return fail(ErrorCode::corrupt, "segment row of an unknown state or kind");
  }
  row.state = static_cast<SegmentRow::State>(state);
  row.kind = static_cast<SegmentKind>(kind);
  TRY_LET(row.key_generation, in.take_u32());
  TRY_LET(row.session, in.take_u64());
  TRY_LET(row.collection, in.take_u64());
  TRY_LET(row.sealed_at, in.take_u64());
  TRY_LET(row.size, in.take_u32());
  TRY_LET(row.chunk_count, in.take_u32());
  TRY_LET(const std::size_t shards, in.take_count(SlotId::size + codec::MerkleHash::size));
  for (std::size_t i = 0; i < shards; ++i) {
    TRY_LET(const SlotId slot, in.take_id<SlotId>());
    TRY_LET(const codec::MerkleHash root, in.take_id<codec::MerkleHash>());
    row.slots.push_back(slot);
    row.roots.push_back(root);
  }
  TRY(in.finish());
  return row;
}

std::string segment_key_of(SegmentNumber number) {
  std::string key(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) key[i] = static_cast<char>(number >> (24 - 8 * i));
  return key;
}

SegmentNumber segment_number_of(std::string_view key) {
  SegmentNumber number = 0;
  for (const char c : key) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::string segment_counters_key(SegmentNumber number) {
  return "segment" + segment_key_of(number);
}

}  // namespace holdfast::vault
