// Byte strings: owned, borrowed, and large ones for direct I/O.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace holdfast {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;
inline constexpr std::size_t gib = 1024 * mib;

// Text and bytes seen as each other. The view lives as long as what it views.
inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView view) {
  return {view.begin(), view.end()};
}

// A block of uninitialised memory, aligned for direct I/O. Moves, does not copy.
//
// Blocks of some hundred KiB come and go with every read and write, and fresh memory costs a page
// fault for each 4 KiB: so those that were freed last are kept for the next who asks, up to a
// bound, whatever the thread. Large ones ask for huge pages.
class AlignedBuffer {
 public:
  static constexpr std::size_t alignment = 4096;
  static constexpr std::size_t recycled_bytes_min = 32 * kib;  // Smaller ones are malloc's.

  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size);

  std::byte* data() { return memory_.get(); }
  const std::byte* data() const { return memory_.get(); }
  std::size_t size() const { return memory_ == nullptr ? 0 : memory_.get_deleter().size; }
  MutableByteView view() { return {data(), size()}; }
  ByteView view() const { return {data(), size()}; }

 private:
  struct Recycle {
    std::size_t size;  // As it was asked for.
    void operator()(std::byte* memory) const;
  };

  std::unique_ptr<std::byte, Recycle> memory_;
};

}  // namespace holdfast
