#include "vault/chunk_cache.h"

#include <gtest/gtest.h>

namespace holdfast::vault {
namespace {

ChunkId id_of(std::size_t number) {
  ChunkId id;
  std::memcpy(id.bytes.data(), &number, sizeof number);
  return id;
}

TEST(ChunkCacheTest, StaysWithinItsBytes) {
  ChunkCache cache(mib);
  for (std::size_t i = 0; i < 10'000; ++i) {
    cache.add(id_of(i), std::make_shared<PlainChunk>(1 + i % 5000));
    EXPECT_LE(cache.size_bytes(), mib);
  }
  EXPECT_GT(cache.size_bytes(), mib / 2);
}

TEST(ChunkCacheTest, OnePassOverMuchDoesNotPushOutWhatIsReadAgain) {
  ChunkCache cache(mib);
  for (std::size_t i = 0; i < 20; ++i) cache.add(id_of(i), std::make_shared<PlainChunk>(1000));
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 20; ++i) EXPECT_TRUE(cache.find(id_of(i)));
  }
  for (std::size_t i = 100; i < 5000; ++i) {
    cache.add(id_of(i), std::make_shared<PlainChunk>(1000));
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < 20; ++i) kept += cache.find(id_of(i)) != nullptr;
  EXPECT_EQ(kept, 20u);
}

TEST(ChunkCacheTest, WhatIsTooLargeForItIsNotKept) {
  ChunkCache cache(100 * kib);
  cache.add(id_of(1), std::make_shared<PlainChunk>(50 * kib));
  EXPECT_EQ(cache.find(id_of(1)), nullptr);
  EXPECT_EQ(cache.size_bytes(), 0u);
}

}  // namespace
}  // namespace holdfast::vault
