// What the tests of this module share: a slot on a simulated disk, and content to put into it.
#pragma once

#include "codec/checksum.h"
#include "codec/merkle.h"
#include "sim/disk.h"
#include "sim/random.h"
#include "sim/world.h"
#include "slot/local_slot.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::slot {

inline Bytes pattern(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
  for (std::byte& byte : bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<std::byte>(state >> 56);
  }
  return bytes;
}

// Bytes with the hashes and checksums of their blocks.
struct MadeShard {
  explicit MadeShard(std::size_t block_count, std::uint64_t seed = 1)
      : bytes(pattern(block_count * block_bytes, seed)), leaves(codec::merkle_leaves(bytes)) {
    for (std::size_t i = 0; i < block_count; ++i) {
      checksums.push_back(codec::crc32c(ByteView(bytes).subspan(i * block_bytes, block_bytes)));
    }
  }

  // Cut into pieces of uneven sizes.
  ShardContent content() const {
    ShardContent content{.pieces = {}, .leaves = leaves, .checksums = checksums};
    ByteView rest = bytes;
    for (std::size_t size = 100; !rest.empty(); size = size * 3 + 1) {
      content.pieces.push_back(rest.first(std::min(size, rest.size())));
      rest = rest.subspan(content.pieces.back().size());
    }
    return content;
  }

  Bytes bytes;
  std::vector<codec::MerkleHash> leaves;
  std::vector<std::uint32_t> checksums;
};

// A run of records and where the chain stands after each.
struct MadeRecords {
  explicit MadeRecords(std::size_t count, std::size_t size = 100, std::uint64_t seed = 1) {
    LogTail tail;
    tails.push_back(tail);
    for (std::size_t i = 0; i < count; ++i) {
      contents.push_back(pattern(size, seed * 1000 + i));
      tail.chain = extend_chain(tail.chain, ++tail.sequence, contents.back());
      tails.push_back(tail);
    }
  }

  // Records `first` to `last`, numbered from 1.
  std::vector<ByteView> views(std::size_t first, std::size_t last) const {
    std::vector<ByteView> views;
    for (std::size_t i = first; i <= last; ++i) views.emplace_back(contents[i - 1]);
    return views;
  }

  std::vector<Bytes> contents;
  std::vector<LogTail> tails;  // tails[n]: after record n.
};

class SlotFixture : public testing::Test {
 protected:
  static constexpr LocalSlotOptions options{.log_file_bytes = 1 * mib, .reserve_bytes = 0};

  Task<Result<std::unique_ptr<LocalSlot>>> create(sim::Disk& where) {
    return LocalSlot::create(where, "slot", random, options);
  }
  Task<Result<std::unique_ptr<LocalSlot>>> open(sim::Disk& where) {
    return LocalSlot::open(where, "slot", random, options);
  }

  LogWriter writer(const LocalSlot& slot, std::uint64_t epoch = 1) const {
    return {.generation = generation, .epoch = epoch, .incarnation = slot.incarnation()};
  }

  sim::World world;
  sim::Random random{7};
  sim::Disk disk{1};
  GenerationId generation = random.draw<GenerationId>();
};

}  // namespace holdfast::slot
