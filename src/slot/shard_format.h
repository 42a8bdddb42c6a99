// What stands behind the blocks of a shard in its file: docs/formats/shard.md. The blocks begin at
// the start of the file, so that reads of them are aligned.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "slot/slot.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace holdfast::slot {

inline constexpr std::uint32_t shard_blocks_max = shard_bytes_max / block_bytes;

// Found in the last block of the file.
struct ShardFooter {
  ShardName name;
  std::uint32_t block_count = 0;
  codec::MerkleHash root;
  std::uint32_t table_checksum = 0;
};

struct ShardTable {
  std::vector<codec::MerkleHash> leaves;
  std::vector<std::uint32_t> checksums;
};

// Bytes of table and footer for so many blocks: a multiple of AlignedBuffer::alignment.
std::size_t shard_trailer_bytes(std::uint32_t block_count);

// How many blocks a file of this size holds; none if no shard has this size.
std::optional<std::uint32_t> shard_blocks_of(std::uint64_t file_bytes);

codec::MerkleHash shard_root(ShardName name, std::span<const codec::MerkleHash> leaves);

AlignedBuffer encode_shard_trailer(ShardName name, std::span<const codec::MerkleHash> leaves,
                                   std::span<const std::uint32_t> checksums);

// From the last AlignedBuffer::alignment bytes of a file, or more. `corrupt` when damaged,
// `unsupported` when of a newer version.
Result<ShardFooter> decode_shard_footer(ByteView end_of_file);

// From the whole trailer; checks that the leaves have the root of the footer.
Result<ShardTable> decode_shard_table(ByteView trailer, const ShardFooter& footer);

}  // namespace holdfast::slot
