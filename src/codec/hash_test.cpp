// Secrets, BLAKE3, xxHash, Merkle trees.
#include "base/hex.h"
#include "codec/blake3.h"
#include "codec/merkle.h"
#include "codec/secret.h"
#include "codec/xxhash.h"

#include <gtest/gtest.h>

namespace holdfast::codec {
namespace {

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i % 251);
  return bytes;
}

TEST(SecretKeyTest, AMoveLeavesNothingBehind) {
  SecretKey key = SecretKey::from(Bytes(32, std::byte{9}));
  const SecretKey moved = std::move(key);
  EXPECT_EQ(to_bytes(moved.view()), Bytes(32, std::byte{9}));
  EXPECT_EQ(to_bytes(key.view()), Bytes(32));  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_TRUE(equal_in_constant_time(moved.copy().view(), moved.view()));
  static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);
}

TEST(SecretKeyTest, ComparisonSeesEveryByteAndTheSize) {
  const Bytes one(32, std::byte{1});
  for (std::size_t i = 0; i < one.size(); ++i) {
    Bytes other = one;
    other[i] ^= std::byte{128};
    EXPECT_FALSE(equal_in_constant_time(one, other));
  }
  EXPECT_FALSE(equal_in_constant_time(one, ByteView(one).first(31)));
  EXPECT_TRUE(equal_in_constant_time(one, Bytes(one)));
}

TEST(XxHashTest, AgreesWithThePublishedValuesOfNothing) {
  const auto of_nothing = [](XxHashKind kind) {
    Bytes value(xxhash_size(kind));
    XxHash(kind).finish(value);
    return to_hex(value);
  };
  EXPECT_EQ(of_nothing(XxHashKind::xxh64), "ef46db3751d8e999");
  EXPECT_EQ(of_nothing(XxHashKind::xxh3), "2d06800538d394c2");
  EXPECT_EQ(of_nothing(XxHashKind::xxh128), "99aa06d3014798d86001c324468d497f");
}

TEST(XxHashTest, PiecesHashLikeTheWhole) {
  const Bytes bytes = counting(10'000);
  for (const auto kind : {XxHashKind::xxh64, XxHashKind::xxh3, XxHashKind::xxh128}) {
    XxHash whole(kind);
    whole.update(bytes);
    Bytes expected(xxhash_size(kind));
    whole.finish(expected);
    for (const std::size_t piece : {1UL, 31UL, 241UL, 4096UL}) {
      XxHash hasher(kind);
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        hasher.update(ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at)));
      }
      Bytes value(xxhash_size(kind));
      hasher.finish(value);
      EXPECT_EQ(value, expected) << "pieces of " << piece;
    }
  }
}

// The vectors that BLAKE3's authors publish.
TEST(Blake3Test, AgreesWithThePublishedVectors) {
  const ByteView key = as_bytes("whats the Elvish word for friend");
  const char* const context = "BLAKE3 2019-12-27 16:29:52 test vectors context";
  EXPECT_EQ(to_hex(Blake3().finish()),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  EXPECT_EQ(to_hex(Blake3::keyed(key).finish()),
            "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26");
  EXPECT_EQ(to_hex(Blake3::deriving(context).finish()),
            "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d");
}

TEST(Blake3Test, PiecesHashLikeTheWhole) {
  const Bytes bytes = counting(100'000);
  const Blake3Hash whole = Blake3().update(bytes).finish();
  for (const std::size_t piece : {1UL, 63UL, 64UL, 1023UL, 1025UL, 4096UL, 70'000UL}) {
    Blake3 hasher;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      hasher.update(ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    }
    EXPECT_EQ(hasher.finish(), whole) << "pieces of " << piece;
  }
}

TEST(Blake3Test, ExtendedOutputBeginsWithTheHash) {
  Bytes extended(200);
  Blake3().update(counting(5000)).finish(extended);
  EXPECT_EQ(Bytes(extended.begin(), extended.begin() + 32),
            to_bytes(Blake3().update(counting(5000)).finish()));
}

TEST(Blake3Test, ChunkIdsDependOnKeyAndBytes) {
  const SecretKey one = SecretKey::from(Bytes(32, std::byte{1}));
  const SecretKey two = SecretKey::from(Bytes(32, std::byte{2}));
  EXPECT_EQ(chunk_id(one, counting(9000)), chunk_id(one, counting(9000)));
  EXPECT_NE(chunk_id(one, counting(9000)), chunk_id(two, counting(9000)));
  EXPECT_NE(chunk_id(one, counting(9000)), chunk_id(one, counting(9001)));
}

TEST(Blake3Test, DerivedKeysDependOnContextAndMaterial) {
  const auto derive = [](std::string_view context, std::string_view material) {
    return to_hex(blake3_derive_key(context, as_bytes(material)).view());
  };
  EXPECT_EQ(derive("a", "m"), derive("a", "m"));
  EXPECT_NE(derive("a", "m"), derive("b", "m"));
  EXPECT_NE(derive("a", "m"), derive("a", "n"));
}

constexpr std::uint32_t shard = 7;

MerkleSubject subject() {
  return {.segment = SegmentId::from(from_hex("000102030405060708090a0b0c0d0e0f").value()),
          .shard = shard};
}

TEST(MerkleTest, EveryLeafIsProvedByItsPathAndByNoOther) {
  for (std::size_t count = 1; count <= 20; ++count) {
    const Bytes bytes = counting((count - 1) * merkle_leaf_bytes + 100 * count);
    const auto leaves = merkle_leaves(bytes);
    ASSERT_EQ(leaves.size(), count);
    const MerkleHash root = merkle_root(subject(), leaves);
    for (std::size_t i = 0; i < count; ++i) {
      const auto path = merkle_path(leaves, i);
      for (std::size_t claimed = 0; claimed < count + 2; ++claimed) {
        const MerklePlace place{.subject = subject(), .leaf_count = count, .index = claimed};
        EXPECT_EQ(merkle_verify(root, place, leaves[i], path), claimed == i)
            << count << " leaves, leaf " << i << " shown as " << claimed;
      }
    }
  }
}

TEST(MerkleTest, TheRootBindsSegmentShardAndLeafCount) {
  const auto leaves = merkle_leaves(counting(5 * merkle_leaf_bytes));
  const MerkleHash root = merkle_root(subject(), leaves);
  const auto path = merkle_path(leaves, 2);
  MerklePlace place{.subject = subject(), .leaf_count = 5, .index = 2};
  EXPECT_TRUE(merkle_verify(root, place, leaves[2], path));
  place.subject.shard += 1;
  EXPECT_FALSE(merkle_verify(root, place, leaves[2], path));
  place = {.subject = subject(), .leaf_count = 6, .index = 2};
  EXPECT_FALSE(merkle_verify(root, place, leaves[2], path));
  place = {.subject = subject(), .leaf_count = 5, .index = 2};
  place.subject.segment.bytes[3] ^= std::byte{1};
  EXPECT_FALSE(merkle_verify(root, place, leaves[2], path));
}

TEST(MerkleTest, DamagedPathsProveNothing) {
  const auto leaves = merkle_leaves(counting(11 * merkle_leaf_bytes));
  const MerkleHash root = merkle_root(subject(), leaves);
  const MerklePlace place{.subject = subject(), .leaf_count = leaves.size(), .index = 4};
  const auto path = merkle_path(leaves, 4);
  for (std::size_t i = 0; i < path.size(); ++i) {
    auto damaged = path;
    damaged[i].bytes[31] ^= std::byte{1};
    EXPECT_FALSE(merkle_verify(root, place, leaves[4], damaged));
  }
  auto longer = path;
  longer.push_back(root);
  EXPECT_FALSE(merkle_verify(root, place, leaves[4], longer));
  EXPECT_FALSE(merkle_verify(root, place, leaves[4], std::span(path).first(path.size() - 1)));
  EXPECT_FALSE(merkle_verify(root, {.subject = subject(), .leaf_count = 0, .index = 0}, root, {}));
}

TEST(MerkleTest, AFlippedBitChangesTheRoot) {
  Bytes bytes = counting(3 * merkle_leaf_bytes);
  const MerkleHash root = merkle_root(subject(), merkle_leaves(bytes));
  for (const std::size_t at : {std::size_t{0}, merkle_leaf_bytes, bytes.size() - 1}) {
    bytes[at] ^= std::byte{16};
    EXPECT_NE(merkle_root(subject(), merkle_leaves(bytes)), root);
    bytes[at] ^= std::byte{16};
  }
  bytes.pop_back();
  EXPECT_NE(merkle_root(subject(), merkle_leaves(bytes)), root);
}

// docs/formats/merkle.md shows these values.
TEST(MerkleTest, AgreesWithTheDocument) {
  const auto key_of = [](std::string_view context) {
    return to_hex(blake3_derive_key(context, {}).view());
  };
  EXPECT_EQ(key_of("holdfast merkle v1 leaf"),
            "8fc6ba937c30b9d24279b029fddc33a9522caa42858faaeb6471cc7bf89ff8e7");
  EXPECT_EQ(key_of("holdfast merkle v1 node"),
            "c09255e84dceecd5a9193eb369625d4206b2d649f72f0d042124326f6e4ef799");
  EXPECT_EQ(key_of("holdfast merkle v1 root"),
            "7f1954ae0e59270315e776b64ac959af3bf200f5728509b61f49f714461ec9d1");
  EXPECT_EQ(to_string(merkle_root(subject(), merkle_leaves(counting(40'960)))),
            "adb96cab4bf77fe0b484d0d3c01abad29350abc1f2400169a9ccbb2235e15be0");
}

}  // namespace
}  // namespace holdfast::codec
