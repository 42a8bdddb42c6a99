// Key material in memory: 32 bytes that are wiped when they go, and that nothing copies, prints or
// compares by accident.
#pragma once

#include "base/bytes.h"

#include <array>

namespace holdfast::codec {

// Overwrites with zeros, in a way that the compiler does not optimise out.
void wipe(MutableByteView secret);

// Compares without telling by its duration where the two differ. Sizes are not secret: two views of
// unequal size are unequal at once.
bool equal_in_constant_time(ByteView one, ByteView other);

// Moves leave zeros behind. A copy is asked for by name.
class SecretKey {
 public:
  static constexpr std::size_t size = 32;

  // All zeros, to be filled through writable().
  SecretKey() = default;
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;
  ~SecretKey();

  // Requires exactly 32 bytes; wiping those is the caller's business.
  static SecretKey from(ByteView bytes);

  SecretKey copy() const { return from(bytes_); }
  ByteView view() const { return bytes_; }
  MutableByteView writable() { return bytes_; }

 private:
  std::array<std::byte, size> bytes_{};
};

}  // namespace holdfast::codec
