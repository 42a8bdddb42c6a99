// The hash tree over the bytes of a shard (docs/formats/merkle.md): BLAKE3 over leaves of 16 KiB,
// pairwise nodes above them, and a root that binds what the tree is of. Leaves, nodes and roots are
// hashed under different keys, so none can be passed off as another. Shows that a leaf belongs to a
// known root; says nothing about who made the root.
#pragma once

#include "base/bytes.h"
#include "base/id.h"

#include <cstdint>
#include <span>
#include <vector>

namespace holdfast::codec {

using MerkleHash = Id<struct MerkleTag, 32>;

inline constexpr std::size_t merkle_leaf_bytes = 16 * kib;

// Which shard a tree is of. Equal bytes under another name have another root.
struct MerkleSubject {
  SegmentId segment;
  std::uint32_t shard = 0;
};

// How many leaves `size` bytes have; only the last may be shorter than the others.
constexpr std::uint64_t merkle_leaf_count(std::uint64_t size) {
  return size / merkle_leaf_bytes + (size % merkle_leaf_bytes != 0 ? 1 : 0);
}

// Requires at most 16 KiB.
MerkleHash merkle_leaf(ByteView leaf);

// The hashes of all leaves of `bytes`, which begins at a leaf.
std::vector<MerkleHash> merkle_leaves(ByteView bytes);
// The same into a place of exactly merkle_leaf_count(bytes.size()) hashes.
void merkle_leaves(ByteView bytes, std::span<MerkleHash> into);

MerkleHash merkle_root(const MerkleSubject& subject, std::span<const MerkleHash> leaves);

// What proves leaf `index` to someone who knows only the root: the hashes beside the way up, lowest
// first. Requires index < leaves.size().
std::vector<MerkleHash> merkle_path(std::span<const MerkleHash> leaves, std::size_t index);

// Where a leaf claims to lie.
struct MerklePlace {
  MerkleSubject subject;
  std::uint64_t leaf_count = 0;
  std::uint64_t index = 0;
};

// Whether `leaf` lies at `place` in the tree with this root. Takes whatever a stranger sends: a
// path of the wrong length or an index past the end is merely false.
bool merkle_verify(const MerkleHash& root, const MerklePlace& place, const MerkleHash& leaf,
                   std::span<const MerkleHash> path);

}  // namespace holdfast::codec
