// What lies inside a segment, byte by byte: sealed chunks, padding, the sealed table of the chunks,
// and a trailer. Pure functions; the byte tables are in docs/formats/segment.md.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/aead.h"
#include "codec/secret.h"
#include "vault/keys.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::vault {

inline constexpr std::size_t segment_bytes_min = 4 * mib;
inline constexpr std::size_t segment_bytes_max = 32 * mib;
inline constexpr std::size_t segment_chunks_max = 65'535;
inline constexpr std::size_t segment_trailer_bytes = 64;
inline constexpr std::size_t chunk_entry_bytes = 44;
inline constexpr std::size_t chunk_plain_bytes_max = 4 * mib;

enum class Codec : std::uint8_t { none = 0, zstd = 1 };

using SegmentNumber = std::uint32_t;  // Short name of a segment inside its vault; begins at 1.

// A chunk as it lies in its segment.
struct ChunkEntry {
  ChunkId id;
  std::uint32_t offset = 0;  // From the segment's beginning.
  std::uint32_t stored = 0;  // Bytes there: ciphertext and tag.
  std::uint32_t plain = 0;   // Bytes of the chunk itself.
  Codec codec = Codec::none;

  bool operator==(const ChunkEntry&) const = default;
};

// Where to find a chunk: one row of the chunk index.
struct Place {
  SegmentNumber segment = 0;
  std::uint32_t index = 0;  // Among the segment's chunks.
  std::uint32_t offset = 0;
  std::uint32_t stored = 0;
  std::uint32_t plain = 0;
  Codec codec = Codec::none;

  bool operator==(const Place&) const = default;
};

std::string encode_place(const Place& place);
Result<Place> decode_place(std::string_view row);

// Bytes that `plain` bytes take when stored as they are.
constexpr std::uint32_t stored_bytes_of(std::size_t plain) {
  return static_cast<std::uint32_t>(plain + codec::aead_tag_bytes);
}

// Bytes behind the chunks, for `chunk_count` of them.
constexpr std::size_t segment_tail_bytes(std::size_t chunk_count) {
  return chunk_count * chunk_entry_bytes + codec::aead_tag_bytes + segment_trailer_bytes;
}

// The smallest size that holds so much: one of the few from segment_bytes_min on that lie an eighth
// of a power of two apart. What is stored then shows little of what is in it, and a segment that is
// sealed before it is full wastes at most an eighth, 4 % on average.
inline constexpr std::size_t segment_sizes_per_octave = 8;
std::size_t segment_bytes_for(std::size_t chunk_bytes, std::size_t chunk_count);

// Which segment of which vault; bound into everything sealed in it.
struct SegmentIdentity {
  VaultId vault;
  SegmentId segment;
  SegmentKind kind = SegmentKind::data;
  std::uint32_t key_generation = 0;
};

// Encrypts a chunk's stored form (compressed or not) into `out`, of entry.stored bytes.
void seal_chunk(codec::Aead& key, const SegmentIdentity& identity, std::uint32_t index,
                const ChunkEntry& entry, ByteView content, MutableByteView out);

// Decrypts a chunk to its stored form, compressed or not, of entry.stored bytes less a tag.
// `corrupt` unless it is exactly the one that `entry` names.
Result<void> unseal_chunk(codec::Aead& key, const SegmentIdentity& identity, std::uint32_t index,
                          const ChunkEntry& entry, ByteView stored, MutableByteView content);

// Decrypts, decompresses and thereby verifies a chunk: `corrupt` unless it is exactly the one that
// `entry` names. `out` has entry.plain bytes.
Result<void> open_chunk(codec::Aead& key, const SegmentIdentity& identity, std::uint32_t index,
                        const ChunkEntry& entry, ByteView stored, MutableByteView out);

// Writes padding, table and trailer into `segment` behind `chunks_end`. Its size is the segment's.
void seal_segment_tail(codec::Aead& key, const SegmentIdentity& identity,
                       const std::vector<ChunkEntry>& entries, std::size_t chunks_end,
                       MutableByteView segment);

// The generation of the data key that a segment was written under, from its trailer's open part.
// `unsupported` for a version from the future, `corrupt` if it is no trailer.
Result<std::uint32_t> key_generation_of(ByteView trailer);

// Where the table of a segment lies, from its last segment_trailer_bytes.
struct TableBounds {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;  // Sealed.
  std::uint32_t chunk_count = 0;
};
Result<TableBounds> open_trailer(codec::Aead& key, const SegmentIdentity& identity,
                                 ByteView trailer);
Result<std::vector<ChunkEntry>> open_chunk_table(codec::Aead& key, const SegmentIdentity& identity,
                                                 const TableBounds& bounds, ByteView sealed);

}  // namespace holdfast::vault
