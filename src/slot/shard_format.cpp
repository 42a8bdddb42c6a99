#include "slot/shard_format.h"

#include "base/check.h"
#include "codec/checksum.h"
#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <algorithm>

namespace holdfast::slot {
namespace {

constexpr wire::Format format{.magic = "HFSHARD.", .version = 1};
constexpr std::size_t footer_bytes = 128;  // The last of the file.
constexpr std::size_t payload_bytes =
    SegmentId::size + 1 + 4 + codec::MerkleHash::size + sizeof(std::uint32_t);
static_assert(wire::envelope_bytes + payload_bytes <= footer_bytes);
constexpr std::size_t table_entry_bytes = codec::MerkleHash::size + sizeof(std::uint32_t);

}  // namespace

std::size_t shard_trailer_bytes(std::uint32_t block_count) {
  const std::size_t size = table_entry_bytes * block_count + footer_bytes;
  return (size + AlignedBuffer::alignment - 1) / AlignedBuffer::alignment *
         AlignedBuffer::alignment;
}

std::optional<std::uint32_t> shard_blocks_of(std::uint64_t file_bytes) {
  const std::uint64_t most = std::min<std::uint64_t>(file_bytes / block_bytes, shard_blocks_max);
  for (auto count = static_cast<std::uint32_t>(most); count > 0; --count) {
    const std::uint64_t size = count * block_bytes + shard_trailer_bytes(count);
    if (size == file_bytes) return count;
    if (size < file_bytes) break;
  }
  return std::nullopt;
}

codec::MerkleHash shard_root(ShardName name, std::span<const codec::MerkleHash> leaves) {
  return codec::merkle_root({.segment = name.segment, .shard = name.number}, leaves);
}

AlignedBuffer encode_shard_trailer(ShardName name, std::span<const codec::MerkleHash> leaves,
                                   std::span<const std::uint32_t> checksums) {
  check(leaves.size() == checksums.size() && leaves.size() <= shard_blocks_max,
        "each block has a hash and a checksum");
  const auto block_count = static_cast<std::uint32_t>(leaves.size());
  wire::Writer table(table_entry_bytes * block_count);
  for (const codec::MerkleHash& leaf : leaves) table.put_id(leaf);
  for (const std::uint32_t checksum : checksums) table.put_u32(checksum);

  wire::Writer payload(payload_bytes);
  payload.put_id(name.segment);
  payload.put_u8(name.number);
  payload.put_u32(block_count);
  payload.put_id(shard_root(name, leaves));
  payload.put_u32(codec::crc32c(table.view()));
  const Bytes footer = wire::enclose(format, payload.view());

  AlignedBuffer trailer(shard_trailer_bytes(block_count));
  std::ranges::fill(trailer.view(), std::byte{0});
  std::ranges::copy(table.view(), trailer.data());
  std::ranges::copy(footer, trailer.data() + trailer.size() - footer_bytes);
  return trailer;
}

Result<ShardFooter> decode_shard_footer(ByteView end_of_file) {
  if (end_of_file.size() < footer_bytes) return fail(ErrorCode::corrupt, "no shard is so short");
  const ByteView enclosed =
      end_of_file.last(footer_bytes).first(wire::envelope_bytes + payload_bytes);
  TRY_LET(const auto opened, wire::open_envelope(format, enclosed));
  wire::Reader reader(opened.payload);
  ShardFooter footer;
  TRY_LET(footer.name.segment, reader.take_id<SegmentId>());
  TRY_LET(footer.name.number, reader.take_u8());
  TRY_LET(footer.block_count, reader.take_u32());
  TRY_LET(footer.root, reader.take_id<codec::MerkleHash>());
  TRY_LET(footer.table_checksum, reader.take_u32());
  TRY(reader.finish());
  if (footer.block_count == 0 || footer.block_count > shard_blocks_max) {
    return fail(ErrorCode::corrupt, "a shard of an impossible size");
  }
  return footer;
}

Result<ShardTable> decode_shard_table(ByteView trailer, const ShardFooter& footer) {
  wire::Reader reader(trailer);
  TRY_LET(const ByteView bytes, reader.take_raw(table_entry_bytes * footer.block_count));
  if (codec::crc32c(bytes) != footer.table_checksum) {
    return fail(ErrorCode::corrupt, "the table of hashes is damaged");
  }
  wire::Reader entries(bytes);
  ShardTable table;
  table.leaves.resize(footer.block_count);
  table.checksums.resize(footer.block_count);
  for (codec::MerkleHash& leaf : table.leaves) {
    TRY_LET(leaf, entries.take_id<codec::MerkleHash>());
  }
  for (std::uint32_t& checksum : table.checksums) {
    TRY_LET(checksum, entries.take_u32());
  }
  if (shard_root(footer.name, table.leaves) != footer.root) {
    return fail(ErrorCode::corrupt, "the hashes of the blocks do not have the shard's root");
  }
  return table;
}

}  // namespace holdfast::slot
