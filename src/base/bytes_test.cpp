#include "base/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

bool is_aligned(const AlignedBuffer& buffer) {
  return reinterpret_cast<std::uintptr_t>(buffer.data()) % AlignedBuffer::alignment == 0;
}

TEST(AlignedBuffer, IsAlignedAndWritableWhateverItsSize) {
  for (const std::size_t size : {1uz, 4096uz, 32 * kib - 1, 32 * kib, 32 * kib + 1, 1000 * kib,
                                 2 * mib, 4 * mib, 4 * mib + 1, 32 * mib}) {
    for (int again = 0; again < 3; ++again) {
      AlignedBuffer buffer(size);
      ASSERT_EQ(buffer.size(), size);
      ASSERT_TRUE(is_aligned(buffer));
      std::memset(buffer.data(), again, size);
    }
  }
}

TEST(AlignedBuffer, BlocksInUseAreNeverShared) {
  std::vector<AlignedBuffer> buffers;
  for (std::uint8_t i = 0; i < 200; ++i) {
    buffers.emplace_back(64 * kib + i * 512u);
    std::memset(buffers.back().data(), i, buffers.back().size());
    if (i % 3 == 0) buffers.erase(buffers.begin() + i / 4);
  }
  for (const AlignedBuffer& buffer : buffers) {
    for (const std::byte each : buffer.view()) ASSERT_EQ(each, *buffer.data());
  }
}

TEST(AlignedBuffer, ComesAndGoesOnAnyThread) {
  std::vector<std::thread> threads;
  for (std::uint8_t id = 1; id <= 4; ++id) {
    threads.emplace_back([id] {
      for (int i = 0; i < 500; ++i) {
        AlignedBuffer buffer(128 * kib);
        std::memset(buffer.data(), id, buffer.size());
        for (const std::byte each : buffer.view()) ASSERT_EQ(each, std::byte{id});
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(AlignedBuffer, MovesWithItsMemory) {
  AlignedBuffer from(100 * kib);
  std::byte* const memory = from.data();
  AlignedBuffer to = std::move(from);
  EXPECT_EQ(to.data(), memory);
  EXPECT_EQ(to.size(), 100 * kib);
  EXPECT_EQ(from.size(), 0u);  // NOLINT(bugprone-use-after-move): what is promised.
  to = AlignedBuffer();
  EXPECT_EQ(to.size(), 0u);
}

}  // namespace
}  // namespace holdfast
