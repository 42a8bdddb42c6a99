#include "content.h"

#include <algorithm>
#include <cstring>

namespace holdfast::powercut {

std::size_t Content::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset >= live_.size) return 0;
  const std::size_t total =
      static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), live_.size - offset));
  for (std::size_t done = 0; done < total;) {
    const std::uint64_t at = offset + done;
    const std::size_t within = at % block_bytes;
    const std::size_t part = std::min(total - done, block_bytes - within);
    const std::uint64_t index = at / block_bytes;
    if (index < live_.blocks.size() && live_.blocks[index]) {
      std::memcpy(into.data() + done, live_.blocks[index]->data() + within, part);
    } else {
      std::memset(into.data() + done, 0, part);
    }
    done += part;
  }
  return total;
}

Content::Block& Content::own_block(std::uint64_t index) {
  if (live_.blocks.size() <= index) live_.blocks.resize(index + 1);
  std::shared_ptr<Block>& block = live_.blocks[index];
  if (!block) {
    block = std::make_shared<Block>();
  } else if (block.use_count() > 1) {
    block = std::make_shared<Block>(*block);
  }
  dirty_.insert(index);
  return *block;
}

void Content::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::uint64_t at = offset + done;
    const std::size_t within = at % block_bytes;
    const std::size_t part = std::min(bytes.size() - done, block_bytes - within);
    std::memcpy(own_block(at / block_bytes).data() + within, bytes.data() + done, part);
    done += part;
  }
  live_.size = std::max(live_.size, offset + bytes.size());
}

// What lies behind the end reads as zeros if the file grows again.
void Content::clear_tail() {
  const std::size_t within = live_.size % block_bytes;
  const std::uint64_t index = live_.size / block_bytes;
  if (within == 0 || index >= live_.blocks.size() || !live_.blocks[index]) return;
  Block& block = own_block(index);
  std::fill(block.begin() + static_cast<std::ptrdiff_t>(within), block.end(), std::byte{0});
}

void Content::resize(std::uint64_t size) {
  const bool shrinks = size < live_.size;
  live_.size = size;
  if (!shrinks) return;
  const std::uint64_t count = (size + block_bytes - 1) / block_bytes;
  for (std::uint64_t index = count; index < live_.blocks.size(); ++index) dirty_.insert(index);
  if (live_.blocks.size() > count) live_.blocks.resize(count);
  clear_tail();
}

void Content::clear(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t end = std::min(live_.size, offset + size);
  for (std::uint64_t at = offset; at < end;) {
    const std::size_t within = at % block_bytes;
    const std::size_t part =
        static_cast<std::size_t>(std::min<std::uint64_t>(end - at, block_bytes - within));
    std::memset(own_block(at / block_bytes).data() + within, 0, part);
    at += part;
  }
}

void Content::sync() {
  durable_.size = live_.size;
  durable_.blocks.resize(live_.blocks.size());
  for (const std::uint64_t index : dirty_) {
    if (index < live_.blocks.size()) durable_.blocks[index] = live_.blocks[index];
  }
  dirty_.clear();
}

void Content::fail_sync() {
  dirty_.clear();
}

void Content::forget() {
  live_ = durable_;
  dirty_.clear();
}

void Content::forget_some(const Coin& stays) {
  const std::uint64_t size = stays() ? live_.size : durable_.size;
  State left = durable_;
  for (const std::uint64_t index : dirty_) {
    if (index >= live_.blocks.size()) continue;  // Cut off, which the size decides.
    const auto mixed = std::make_shared<Block>();
    if (index < left.blocks.size() && left.blocks[index]) *mixed = *left.blocks[index];
    for (std::size_t at = 0; at < block_bytes; at += sector_bytes) {
      if (!stays()) continue;
      if (live_.blocks[index]) {
        std::memcpy(mixed->data() + at, live_.blocks[index]->data() + at, sector_bytes);
      } else {
        std::memset(mixed->data() + at, 0, sector_bytes);
      }
    }
    if (left.blocks.size() <= index) left.blocks.resize(index + 1);
    left.blocks[index] = mixed;
  }
  live_ = std::move(left);
  live_.size = std::max<std::uint64_t>(size, live_.blocks.size() * block_bytes);
  resize(size);
  durable_ = live_;
  dirty_.clear();
}

}  // namespace holdfast::powercut
