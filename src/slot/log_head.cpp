#include "slot/log_head.h"

#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace holdfast::slot {
namespace {

constexpr wire::Format format{.magic = "HFLOGHED", .version = 2};

void put_tail(wire::Writer& writer, const LogTail& tail) {
  writer.put_u64(tail.sequence);
  writer.put_id(tail.chain);
}

Result<LogTail> take_tail(wire::Reader& reader) {
  LogTail tail;
  TRY_LET(tail.sequence, reader.take_u64());
  TRY_LET(tail.chain, reader.take_id<ChainHash>());
  return tail;
}

}  // namespace

Bytes encode_log_head(const LogHead& head) {
  wire::Writer writer;
  writer.put_id(head.generation);
  writer.put_u64(head.epoch);
  writer.put_id(head.incarnation);
  put_tail(writer, head.start);
  writer.put_u64(head.first_sequence);
  put_tail(writer, head.synced);
  writer.put_u8(static_cast<std::uint8_t>(head.end ? 1 : 0));
  put_tail(writer, head.end.value_or(LogTail()));
  writer.put_bytes(head.header);
  writer.put_varint(head.origins.size());
  for (const GenerationId& origin : head.origins) writer.put_id(origin);
  return wire::enclose(format, writer.view());
}

Result<LogHead> decode_log_head(ByteView bytes) {
  TRY_LET(const auto opened, wire::open_envelope(format, bytes));
  wire::Reader reader(opened.payload);
  LogHead head;
  TRY_LET(head.generation, reader.take_id<GenerationId>());
  TRY_LET(head.epoch, reader.take_u64());
  TRY_LET(head.incarnation, reader.take_id<Incarnation>());
  TRY_LET(head.start, take_tail(reader));
  TRY_LET(head.first_sequence, reader.take_u64());
  TRY_LET(head.synced, take_tail(reader));
  TRY_LET(const std::uint8_t has_end, reader.take_u8());
  TRY_LET(const LogTail end, take_tail(reader));
  if (has_end != 0) head.end = end;
  TRY_LET(const ByteView header, reader.take_bytes(log_header_bytes_max));
  head.header = to_bytes(header);
  if (opened.version >= 2) {
    TRY_LET(const std::size_t count, reader.take_count(GenerationId::size));
    for (std::size_t i = 0; i < count; ++i) {
      TRY_LET(const auto origin, reader.take_id<GenerationId>());
      head.origins.push_back(origin);
    }
  }
  TRY(reader.finish());
  return head;
}

}  // namespace holdfast::slot
