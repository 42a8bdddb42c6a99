#include "vault/segment_format.h"

#include "base/check.h"
#include "codec/compress.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>

namespace holdfast::vault {
namespace {

constexpr std::uint32_t trailer_magic = 0x47534648;  // "HFSG", little-endian.
constexpr std::uint16_t segment_version = 1;
constexpr std::size_t trailer_open_bytes = 16;

// Nonces that no chunk's index reaches.
constexpr std::uint32_t trailer_nonce = 0xffffffff;
constexpr std::uint32_t table_nonce = 0xfffffffe;
constexpr std::uint32_t padding_nonce = 0xfffffffd;

static_assert(std::endian::native == std::endian::little, "formats are little-endian");

template <class Number>
void append(std::string& out, Number number, std::size_t size = sizeof(Number)) {
  out.append(reinterpret_cast<const char*>(&number), size);
}

template <class Number>
Number number_at(std::string_view in, std::size_t at, std::size_t size = sizeof(Number)) {
  Number number{};
  std::memcpy(&number, in.data() + at, size);
  return number;
}

codec::AeadNonce nonce_of(std::uint32_t index) {
  codec::AeadNonce nonce{};
  std::memcpy(nonce.data() + 8, &index, sizeof index);
  return nonce;
}

std::string associated(std::string_view what, const SegmentIdentity& identity) {
  std::string bound(what);
  bound.reserve(128);
  append(bound, segment_version);
  bound += as_text(identity.vault.view());
  bound += as_text(identity.segment.view());
  append(bound, static_cast<std::uint8_t>(identity.kind));
  return bound;
}

std::string associated_with_chunk(const SegmentIdentity& identity, std::uint32_t index,
                                  const ChunkEntry& entry) {
  std::string bound = associated("chunk", identity);
  append(bound, index);
  append(bound, entry.offset);
  append(bound, entry.stored);
  append(bound, entry.plain);
  append(bound, static_cast<std::uint8_t>(entry.codec));
  bound += as_text(entry.id.view());
  return bound;
}

Result<Codec> codec_of(std::uint8_t number) {
  if (number > static_cast<std::uint8_t>(Codec::zstd)) {
    return fail(ErrorCode::unsupported, fmt::format("chunk codec {}", number));
  }
  return static_cast<Codec>(number);
}

}  // namespace

std::string encode_place(const Place& place) {
  std::string row;
  append(row, place.segment);
  append(row, place.index, 2);
  append(row, place.offset);
  append(row, place.stored, 3);
  append(row, place.plain, 3);
  append(row, static_cast<std::uint8_t>(place.codec));
  return row;
}

Result<Place> decode_place(std::string_view row) {
  if (row.size() != 17) return fail(ErrorCode::corrupt, "row of the chunk index has a wrong size");
  TRY_LET(const Codec codec, codec_of(number_at<std::uint8_t>(row, 16)));
  return Place{.segment = number_at<std::uint32_t>(row, 0),
               .index = number_at<std::uint32_t>(row, 4, 2),
               .offset = number_at<std::uint32_t>(row, 6),
               .stored = number_at<std::uint32_t>(row, 10, 3),
               .plain = number_at<std::uint32_t>(row, 13, 3),
               .codec = codec};
}

std::size_t segment_bytes_for(std::size_t chunk_bytes, std::size_t chunk_count) {
  const std::size_t needed = chunk_bytes + segment_tail_bytes(chunk_count);
  check(needed <= segment_bytes_max, "a segment holds what was put in it");
  if (needed <= segment_bytes_min) return segment_bytes_min;
  const std::size_t step = std::bit_floor(needed - 1) / segment_sizes_per_octave;
  return (needed + step - 1) / step * step;
}

void seal_chunk(codec::Aead& key, const SegmentIdentity& identity, std::uint32_t index,
                const ChunkEntry& entry, ByteView content, MutableByteView out) {
  key.seal(nonce_of(index), as_bytes(associated_with_chunk(identity, index, entry)), content, out);
}

Result<void> unseal_chunk(codec::Aead& key, const SegmentIdentity& identity, std::uint32_t index,
                          const ChunkEntry& entry, ByteView stored, MutableByteView content) {
  if (stored.size() != entry.stored || stored.size() < codec::aead_tag_bytes) {
    return fail(ErrorCode::corrupt, "chunk has a wrong size");
  }
  return key.open(nonce_of(index), as_bytes(associated_with_chunk(identity, index, entry)), stored,
                  content);
}

Result<void> open_chunk(codec::Aead& key, const SegmentIdentity& identity, std::uint32_t index,
                        const ChunkEntry& entry, ByteView stored, MutableByteView out) {
  if (stored.size() != entry.stored || stored.size() < codec::aead_tag_bytes ||
      out.size() != entry.plain) {
    return fail(ErrorCode::corrupt, "chunk has a wrong size");
  }
  const std::string bound = associated_with_chunk(identity, index, entry);
  if (entry.codec == Codec::none) {
    if (entry.stored != stored_bytes_of(entry.plain)) {
      return fail(ErrorCode::corrupt, "chunk has a wrong size");
    }
    return key.open(nonce_of(index), as_bytes(bound), stored, out);
  }
  Bytes compressed(stored.size() - codec::aead_tag_bytes);
  TRY(key.open(nonce_of(index), as_bytes(bound), stored, compressed));
  return codec::Compressor().decompress(compressed, out);
}

void seal_segment_tail(codec::Aead& key, const SegmentIdentity& identity,
                       const std::vector<ChunkEntry>& entries, std::size_t chunks_end,
                       MutableByteView segment) {
  const std::size_t table_bytes = entries.size() * chunk_entry_bytes + codec::aead_tag_bytes;
  const std::size_t table_offset = segment.size() - segment_trailer_bytes - table_bytes;
  check(chunks_end <= table_offset, "chunks and their table fit in the segment");

  // Less than a tag of padding stays as zeros.
  const auto padding = segment.subspan(chunks_end, table_offset - chunks_end);
  std::memset(padding.data(), 0, padding.size());
  if (padding.size() > codec::aead_tag_bytes) {
    key.seal(nonce_of(padding_nonce), as_bytes(associated("padding", identity)),
             padding.first(padding.size() - codec::aead_tag_bytes), padding);
  }

  std::string table;
  table.reserve(table_bytes);
  for (const ChunkEntry& entry : entries) {
    table += as_text(entry.id.view());
    append(table, entry.offset);
    append(table, entry.stored);
    append(table, entry.plain, 3);
    append(table, static_cast<std::uint8_t>(entry.codec));
  }
  key.seal(nonce_of(table_nonce), as_bytes(associated("table", identity)), as_bytes(table),
           segment.subspan(table_offset, table_bytes));

  std::string head;
  append(head, trailer_magic);
  append(head, segment_version);
  append(head, static_cast<std::uint8_t>(identity.kind));
  append(head, std::uint8_t{0});
  append(head, identity.key_generation);
  append(head, std::uint32_t{0});
  std::string sealed;
  append(sealed, static_cast<std::uint32_t>(table_offset));
  append(sealed, static_cast<std::uint32_t>(table_bytes));
  append(sealed, static_cast<std::uint32_t>(entries.size()));
  append(sealed, static_cast<std::uint32_t>(chunks_end));
  sealed.resize(segment_trailer_bytes - trailer_open_bytes - codec::aead_tag_bytes);
  const auto trailer = segment.last(segment_trailer_bytes);
  std::memcpy(trailer.data(), head.data(), trailer_open_bytes);
  key.seal(nonce_of(trailer_nonce), as_bytes(associated("trailer", identity) + head),
           as_bytes(sealed), trailer.subspan(trailer_open_bytes));
}

Result<std::uint32_t> key_generation_of(ByteView trailer) {
  const std::string_view text = as_text(trailer);
  if (text.size() != segment_trailer_bytes || number_at<std::uint32_t>(text, 0) != trailer_magic) {
    return fail(ErrorCode::corrupt, "not the trailer of a segment");
  }
  if (const auto version = number_at<std::uint16_t>(text, 4); version != segment_version) {
    return fail(ErrorCode::unsupported, fmt::format("segment of format version {}", version));
  }
  return number_at<std::uint32_t>(text, 8);
}

Result<TableBounds> open_trailer(codec::Aead& key, const SegmentIdentity& identity,
                                 ByteView trailer) {
  TRY(key_generation_of(trailer));
  const std::string bound =
      associated("trailer", identity) + std::string(as_text(trailer.first(trailer_open_bytes)));
  Bytes plain(segment_trailer_bytes - trailer_open_bytes - codec::aead_tag_bytes);
  TRY(key.open(nonce_of(trailer_nonce), as_bytes(bound), trailer.subspan(trailer_open_bytes),
               plain));
  const std::string_view text = as_text(plain);
  const TableBounds bounds{.offset = number_at<std::uint32_t>(text, 0),
                           .size = number_at<std::uint32_t>(text, 4),
                           .chunk_count = number_at<std::uint32_t>(text, 8)};
  if (bounds.chunk_count > segment_chunks_max ||
      bounds.size != bounds.chunk_count * chunk_entry_bytes + codec::aead_tag_bytes ||
      bounds.offset > segment_bytes_max) {
    return fail(ErrorCode::corrupt, "trailer of a segment names an impossible table");
  }
  return bounds;
}

Result<std::vector<ChunkEntry>> open_chunk_table(codec::Aead& key, const SegmentIdentity& identity,
                                                 const TableBounds& bounds, ByteView sealed) {
  if (sealed.size() != bounds.size) return fail(ErrorCode::corrupt, "chunk table is cut short");
  Bytes plain(sealed.size() - codec::aead_tag_bytes);
  TRY(key.open(nonce_of(table_nonce), as_bytes(associated("table", identity)), sealed, plain));
  std::vector<ChunkEntry> entries(bounds.chunk_count);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto row = as_text(ByteView(plain).subspan(i * chunk_entry_bytes, chunk_entry_bytes));
    TRY_LET(const Codec codec, codec_of(number_at<std::uint8_t>(row, 43)));
    entries[i] = {.id = ChunkId::from(as_bytes(row.substr(0, ChunkId::size))),
                  .offset = number_at<std::uint32_t>(row, 32),
                  .stored = number_at<std::uint32_t>(row, 36),
                  .plain = number_at<std::uint32_t>(row, 40, 3),
                  .codec = codec};
  }
  return entries;
}

}  // namespace holdfast::vault
