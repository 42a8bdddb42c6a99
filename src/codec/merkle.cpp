#include "codec/merkle.h"

#include "base/check.h"
#include "codec/blake3.h"

#include <algorithm>
#include <bit>

namespace holdfast::codec {
namespace {

// The keys are public constants: they only set the three kinds of hash apart.
struct Domains {
  SecretKey leaf = blake3_derive_key("holdfast merkle v1 leaf", {});
  SecretKey node = blake3_derive_key("holdfast merkle v1 node", {});
  SecretKey root = blake3_derive_key("holdfast merkle v1 root", {});
};

const Domains& domains() {
  static const Domains made;
  return made;
}

MerkleHash node_of(const MerkleHash& left, const MerkleHash& right) {
  MerkleHash hash;
  Blake3::keyed(domains().node).update(left.bytes).update(right.bytes).finish(hash.bytes);
  return hash;
}

MerkleHash root_of(const MerkleSubject& subject, std::uint64_t leaf_count, const MerkleHash& top) {
  static_assert(std::endian::native == std::endian::little);
  MerkleHash hash;
  Blake3::keyed(domains().root)
      .update(top.bytes)
      .update(std::as_bytes(std::span(&leaf_count, 1)))
      .update(subject.segment.bytes)
      .update(std::as_bytes(std::span(&subject.shard, 1)))
      .finish(hash.bytes);
  return hash;
}

// Replaces a level by the one above it. A last node without a neighbour moves up as it is.
void climb(std::vector<MerkleHash>& level) {
  const std::size_t pairs = level.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    level[i] = node_of(level[2 * i], level[2 * i + 1]);
  }
  if (level.size() % 2 != 0) {
    level[pairs] = level.back();
    level.resize(pairs + 1);
  } else {
    level.resize(pairs);
  }
}

}  // namespace

MerkleHash merkle_leaf(ByteView leaf) {
  check(leaf.size() <= merkle_leaf_bytes, "a leaf has at most 16 KiB");
  MerkleHash hash;
  Blake3::keyed(domains().leaf).update(leaf).finish(hash.bytes);
  return hash;
}

std::vector<MerkleHash> merkle_leaves(ByteView bytes) {
  std::vector<MerkleHash> hashes(merkle_leaf_count(bytes.size()));
  merkle_leaves(bytes, hashes);
  return hashes;
}

void merkle_leaves(ByteView bytes, std::span<MerkleHash> into) {
  check(into.size() == merkle_leaf_count(bytes.size()), "one place for each leaf");
  for (MerkleHash& hash : into) {
    const std::size_t size = std::min(bytes.size(), merkle_leaf_bytes);
    hash = merkle_leaf(bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

MerkleHash merkle_root(const MerkleSubject& subject, std::span<const MerkleHash> leaves) {
  std::vector<MerkleHash> level(leaves.begin(), leaves.end());
  while (level.size() > 1) climb(level);
  return root_of(subject, leaves.size(), level.empty() ? MerkleHash() : level.front());
}

std::vector<MerkleHash> merkle_path(std::span<const MerkleHash> leaves, std::size_t index) {
  check(index < leaves.size(), "the leaf exists");
  std::vector<MerkleHash> path;
  std::vector<MerkleHash> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    const std::size_t beside = index ^ 1;
    if (beside < level.size()) path.push_back(level[beside]);
    climb(level);
    index /= 2;
  }
  return path;
}

bool merkle_verify(const MerkleHash& root, const MerklePlace& place, const MerkleHash& leaf,
                   std::span<const MerkleHash> path) {
  if (place.index >= place.leaf_count) return false;
  MerkleHash hash = leaf;
  std::uint64_t index = place.index;
  std::uint64_t width = place.leaf_count;
  while (width > 1) {
    if ((index ^ 1) < width) {
      if (path.empty()) return false;
      hash = index % 2 == 0 ? node_of(hash, path.front()) : node_of(path.front(), hash);
      path = path.subspan(1);
    }
    index /= 2;
    width = width / 2 + width % 2;
  }
  return path.empty() && root_of(place.subject, place.leaf_count, hash) == root;
}

}  // namespace holdfast::codec
