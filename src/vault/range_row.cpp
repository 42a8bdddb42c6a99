#include "vault/range_row.h"

#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace holdfast::vault {
namespace {

constexpr wire::Format row_format{.magic = "HFRANGE.", .version = 1};
constexpr wire::Format header_format{.magic = "HFLOGHDR", .version = 1};

void put_generation(wire::Writer& writer, const Generation& generation) {
  writer.put_id(generation.id);
  writer.put_u64(generation.epoch);
  writer.put_varint(generation.members.size());
  for (const Generation::Member& member : generation.members) {
    writer.put_id(member.slot);
    writer.put_id(member.incarnation);
  }
  writer.put_varint(generation.acknowledgements);
  writer.put_varint(generation.fences);
  writer.put_u8(static_cast<std::uint8_t>(generation.predecessor ? 1 : 0));
  if (generation.predecessor) {
    writer.put_id(generation.predecessor->id);
    writer.put_u64(generation.predecessor->end.sequence);
    writer.put_id(generation.predecessor->end.chain);
  }
}

Result<Generation> take_generation(wire::Reader& reader) {
  Generation generation;
  TRY_LET(generation.id, reader.take_id<GenerationId>());
  TRY_LET(generation.epoch, reader.take_u64());
  TRY_LET(const std::uint64_t count, reader.take_varint(generation_members_max));
  for (std::uint64_t i = 0; i < count; ++i) {
    Generation::Member member;
    TRY_LET(member.slot, reader.take_id<SlotId>());
    TRY_LET(member.incarnation, reader.take_id<Incarnation>());
    generation.members.push_back(member);
  }
  TRY_LET(const std::uint64_t acknowledgements, reader.take_varint(count));
  TRY_LET(const std::uint64_t fences, reader.take_varint(count));
  generation.acknowledgements = static_cast<std::uint32_t>(acknowledgements);
  generation.fences = static_cast<std::uint32_t>(fences);
  // Otherwise a set that acknowledged and a set that was fenced could miss each other.
  if (acknowledgements == 0 || fences == 0 || acknowledgements + fences != count + 1) {
    return fail(ErrorCode::corrupt, "a generation whose numbers do not add up");
  }
  TRY_LET(const std::uint8_t has_predecessor, reader.take_u8());
  if (has_predecessor != 0) {
    Generation::Predecessor predecessor;
    TRY_LET(predecessor.id, reader.take_id<GenerationId>());
    TRY_LET(predecessor.end.sequence, reader.take_u64());
    TRY_LET(predecessor.end.chain, reader.take_id<slot::ChainHash>());
    generation.predecessor = predecessor;
  }
  return generation;
}

}  // namespace

Bytes encode_range_row(const RangeRow& row) {
  wire::Writer writer;
  writer.put_u64(row.epoch);
  writer.put_u8(static_cast<std::uint8_t>(row.generation ? 1 : 0));
  if (row.generation) put_generation(writer, *row.generation);
  return wire::enclose(row_format, writer.view());
}

Result<RangeRow> decode_range_row(ByteView bytes) {
  TRY_LET(const auto opened, wire::open_envelope(row_format, bytes));
  wire::Reader reader(opened.payload);
  RangeRow row;
  TRY_LET(row.epoch, reader.take_u64());
  TRY_LET(const std::uint8_t has_generation, reader.take_u8());
  if (has_generation != 0) {
    TRY_LET(row.generation, take_generation(reader));
  }
  TRY(reader.finish());
  if (row.generation && row.generation->epoch > row.epoch) {
    return fail(ErrorCode::corrupt, "a generation from an epoch that has not come");
  }
  return row;
}

Bytes encode_log_header(const LogHeader& header) {
  wire::Writer writer;
  writer.put_id(header.vault);
  writer.put_text(header.range);
  put_generation(writer, header.generation);
  return wire::enclose(header_format, writer.view());
}

Result<LogHeader> decode_log_header(ByteView bytes) {
  TRY_LET(const auto opened, wire::open_envelope(header_format, bytes));
  wire::Reader reader(opened.payload);
  LogHeader header;
  TRY_LET(header.vault, reader.take_id<VaultId>());
  TRY_LET(header.range, reader.take_text(range_name_bytes_max));
  TRY_LET(header.generation, take_generation(reader));
  TRY(reader.finish());
  return header;
}

}  // namespace holdfast::vault
