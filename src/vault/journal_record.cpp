#include "vault/journal_record.h"

#include "slot/slot.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

namespace holdfast::vault {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t place_bytes = 17;
constexpr std::size_t change_bytes_min = 4;

Result<env::Batch::Kind> kind_of(std::uint8_t number) {
  if (number > static_cast<std::uint8_t>(env::Batch::Kind::remove_range)) {
    return fail(ErrorCode::unsupported,
                fmt::format("change of unknown kind {} in the log", number));
  }
  return static_cast<env::Batch::Kind>(number);
}

}  // namespace

Bytes encode_record(const env::Batch& changes, const std::vector<Frame>& frames) {
  std::size_t size = 16;
  for (const auto& change : changes.changes) size += change.key.size() + change.value.size() + 8;
  for (const auto& frame : frames) size += frame.sealed.size() + ChunkId::size + place_bytes;

  wire::Writer out(size);
  out.put_u8(record_version);
  out.put_varint(changes.changes.size());
  for (const auto& change : changes.changes) {
    out.put_u8(static_cast<std::uint8_t>(change.kind));
    out.put_u8(change.family);
    out.put_text(change.key);
    out.put_text(change.value);
  }
  out.put_varint(frames.size());
  for (const auto& frame : frames) {
    out.put_id(frame.id);
    out.put_raw(as_bytes(encode_place(frame.place)));
    out.put_raw(frame.sealed);
  }
  return std::move(out).take();
}

Result<JournalRecord> decode_record(ByteView bytes) {
  wire::Reader in(bytes);
  TRY_LET(const std::uint8_t version, in.take_u8());
  if (version != record_version) {
    return fail(ErrorCode::unsupported, fmt::format("log record of format version {}", version));
  }
  JournalRecord record;
  TRY_LET(const std::size_t change_count, in.take_count(change_bytes_min));
  record.changes.changes.reserve(change_count);
  for (std::size_t i = 0; i < change_count; ++i) {
    TRY_LET(const std::uint8_t kind_number, in.take_u8());
    TRY_LET(const env::Batch::Kind kind, kind_of(kind_number));
    TRY_LET(const env::Family family, in.take_u8());
    TRY_LET(std::string key, in.take_text(slot::record_bytes_max));
    TRY_LET(std::string value, in.take_text(slot::record_bytes_max));
    record.changes.changes.push_back({kind, family, std::move(key), std::move(value)});
  }
  TRY_LET(const std::size_t frame_count, in.take_count(ChunkId::size + place_bytes));
  record.frames.reserve(frame_count);
  for (std::size_t i = 0; i < frame_count; ++i) {
    TRY_LET(const ChunkId id, in.take_id<ChunkId>());
    TRY_LET(const ByteView row, in.take_raw(place_bytes));
    TRY_LET(const Place place, decode_place(as_text(row)));
    TRY_LET(const ByteView sealed, in.take_raw(place.stored));
    record.frames.push_back({.id = id, .place = place, .sealed = sealed});
  }
  TRY(in.finish());
  return record;
}

}  // namespace holdfast::vault
