#include "vault/checkpoint_record.h"

#include "env/disk.h"
#include "slot/slot.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::vault {
namespace {

constexpr std::uint8_t checkpoint_version = 1;
constexpr std::size_t piece_bytes_min = ChunkId::size + 4 + 4 + 4 + 4;
constexpr std::size_t file_bytes_min = 1 + 1 + ChunkId::size + 1;
constexpr std::size_t segment_bytes_of_row_min = 4 + 1;
constexpr std::size_t row_bytes_max = 64 * kib;

std::unexpected<Error> impossible(std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("checkpoint: {}", what));
}

Result<CheckpointPiece> take_piece(wire::Reader& in, const Checkpoint& checkpoint) {
  CheckpointPiece piece;
  TRY_LET(piece.id, in.take_id<ChunkId>());
  TRY_LET(piece.segment, in.take_u32());
  TRY_LET(piece.index, in.take_u32());
  TRY_LET(piece.offset, in.take_u32());
  TRY_LET(piece.size, in.take_u32());
  const auto segment = checkpoint.segments.find(piece.segment);
  if (segment == checkpoint.segments.end()) return impossible("a piece is of no segment of it");
  const bool fits =
      piece.size > 0 && piece.size <= chunk_plain_bytes_max &&
      std::uint64_t{piece.offset} + stored_bytes_of(piece.size) <= segment->second.size;
  if (!fits) return impossible("a piece lies outside of its segment");
  return piece;
}

Result<CheckpointFile> take_file(wire::Reader& in, const Checkpoint& checkpoint) {
  CheckpointFile file;
  TRY_LET(file.name, in.take_text(table_file_name_max));
  // It becomes a name in a folder.
  if (!env::check_name(file.name) || file.name.find('/') != std::string::npos) {
    return impossible("a file has an impossible name");
  }
  TRY_LET(file.size, in.take_varint());
  TRY_LET(file.head, in.take_id<ChunkId>());
  TRY_LET(const std::size_t count, in.take_count(piece_bytes_min));
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    TRY_LET(const CheckpointPiece piece, take_piece(in, checkpoint));
    size += piece.size;
    file.pieces.push_back(piece);
  }
  if (size != file.size) return impossible("the pieces of a file are not all of it");
  return file;
}

}  // namespace

std::uint64_t Checkpoint::size_bytes() const {
  std::uint64_t size = 0;
  for (const CheckpointFile& file : files) size += file.size;
  return size;
}

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  wire::Writer out;
  out.put_u8(checkpoint_version);
  out.put_u64(checkpoint.applied);
  out.put_varint(checkpoint.segments.size());
  for (const auto& [number, row] : checkpoint.segments) {
    out.put_u32(number);
    out.put_text(encode_segment_row(row));
  }
  out.put_varint(checkpoint.files.size());
  for (const CheckpointFile& file : checkpoint.files) {
    out.put_text(file.name);
    out.put_varint(file.size);
    out.put_id(file.head);
    out.put_varint(file.pieces.size());
    for (const CheckpointPiece& piece : file.pieces) {
      out.put_id(piece.id);
      out.put_u32(piece.segment);
      out.put_u32(piece.index);
      out.put_u32(piece.offset);
      out.put_u32(piece.size);
    }
  }
  return std::string(as_text(out.view()));
}

Result<Checkpoint> decode_checkpoint(std::string_view bytes) {
  wire::Reader in(as_bytes(bytes));
  TRY_LET(const std::uint8_t version, in.take_u8());
  if (version != checkpoint_version) {
    return fail(ErrorCode::unsupported, fmt::format("checkpoint of format version {}", version));
  }
  Checkpoint checkpoint;
  TRY_LET(checkpoint.applied, in.take_u64());
  TRY_LET(const std::size_t segment_count, in.take_count(segment_bytes_of_row_min));
  for (std::size_t i = 0; i < segment_count; ++i) {
    TRY_LET(const std::uint32_t number, in.take_u32());
    TRY_LET(const std::string text, in.take_text(row_bytes_max));
    TRY_LET(SegmentRow row, decode_segment_row(text));
    if (row.state != SegmentRow::State::sealed || row.kind != SegmentKind::checkpoint ||
        row.roots.empty()) {
      return impossible("a segment of it holds no checkpoint");
    }
    if (!checkpoint.segments.emplace(number, std::move(row)).second) {
      return impossible("a segment is named twice");
    }
  }
  TRY_LET(const std::size_t file_count, in.take_count(file_bytes_min));
  for (std::size_t i = 0; i < file_count; ++i) {
    TRY_LET(CheckpointFile file, take_file(in, checkpoint));
    checkpoint.files.push_back(std::move(file));
  }
  TRY(in.finish());
  return checkpoint;
}

}  // namespace holdfast::vault
