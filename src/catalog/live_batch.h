// LiveBatch gathers chunk ids for a collection and hands them over in batches of bounded size.
#pragma once

#include "vault/vault.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace holdfast::catalog {

class LiveBatch {
 public:
  static constexpr std::size_t count_max = 4096;

  // `sink` must outlive the batch.
  explicit LiveBatch(const vault::LiveChunks::Sink& sink) : sink_(sink) {}

  void add(std::span<const vault::Extent> extents) {
    for (const vault::Extent& extent : extents) chunks_.push_back(extent.chunk);
  }

  // Hands over full batches, and keeps what is left.
  Task<Result<void>> hand_over_full() {
    while (chunks_.size() >= count_max) {
      CO_TRY(co_await hand_over(count_max));
    }
    co_return Result<void>();
  }
  Task<Result<void>> hand_over_rest() {
    CO_TRY(co_await hand_over_full());
    if (!chunks_.empty()) {
      CO_TRY(co_await hand_over(chunks_.size()));
    }
    co_return Result<void>();
  }

 private:
  Task<Result<void>> hand_over(std::size_t count) {
    const auto begin = chunks_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<ChunkId> batch(begin, chunks_.end());
    chunks_.erase(begin, chunks_.end());
    co_return co_await sink_(std::move(batch));
  }

  const vault::LiveChunks::Sink& sink_;
  std::vector<ChunkId> chunks_;
};

}  // namespace holdfast::catalog
