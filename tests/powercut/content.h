// The bytes of one file as they are and as a power cut would leave them.
//
// Both share the blocks in which they agree.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace holdfast::powercut {

// Draws whether something that was not synced survives.
using Coin = std::function<bool()>;

class Content {
 public:
  std::uint64_t size() const { return live_.size; }
  bool is_synced() const { return dirty_.empty() && live_.size == durable_.size; }

  // Fewer bytes than asked for only at the end.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void resize(std::uint64_t size);
  // Makes the range read as zeros; the size stays.
  void clear(std::uint64_t offset, std::uint64_t size);

  void sync();
  // What a sync that failed does: what was written is there, and no later sync makes it durable.
  void fail_sync();

  void forget();                        // All that was not synced.
  void forget_some(const Coin& stays);  // Each sector by the coin, and the size too.

 private:
  static constexpr std::size_t block_bytes = 16 * 1024;
  static constexpr std::size_t sector_bytes = 512;

  using Block = std::array<std::byte, block_bytes>;
  struct State {
    std::uint64_t size = 0;
    std::vector<std::shared_ptr<Block>> blocks;  // None: zeros.
  };

  // The block to be changed now: not shared with the durable state.
  Block& own_block(std::uint64_t index);
  void clear_tail();

  State live_;
  State durable_;
  std::set<std::uint64_t> dirty_;  // Blocks changed since the last sync.
};

}  // namespace holdfast::powercut
