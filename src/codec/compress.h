// Compression of chunks by zstd, and not at all where a look at a few pieces says that it would be
// in vain. What comes back has exactly the size that the caller names.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <optional>

namespace holdfast::codec {

// What one call takes or gives.
inline constexpr std::size_t compress_plain_bytes_max = 64 * mib;

// quick: about level 1, for streams that would have to wait. thorough: 6 % smaller for three times
// the time.
enum class Effort : std::uint8_t { quick, thorough };

// Any thread may call these at any time; each thread keeps its zstd contexts for its next call
// (about 3 MiB once used).
class Compressor {
 public:
  // How much room compress() wants for `plain_size` bytes: less than those, because a result that
  // saves less than a thirty-second is not worth decompressing.
  static constexpr std::size_t room(std::size_t plain_size) { return plain_size - plain_size / 32; }

  // Writes one zstd frame to the beginning of `into` and returns its size, or nothing (with `into`
  // in any state) when `plain` is too short, looks incompressible or turns out to be. Requires
  // into.size() >= room(plain.size()) and at most 64 MiB.
  std::optional<std::size_t> compress(ByteView plain, MutableByteView into,
                                      Effort effort = Effort::quick) const;

  // Whether a sample of `plain` shrinks: a guess, which costs some microseconds.
  bool looks_compressible(ByteView plain) const;

  // Fills `into` from exactly one zstd frame. Fails with `corrupt` for anything else, and for a
  // frame that holds more or less than into.size() bytes.
  Result<void> decompress(ByteView compressed, MutableByteView into) const;

  // The same into new memory; `plain_size` may come from outside: above 64 MiB it is `corrupt`.
  Result<Bytes> decompress(ByteView compressed, std::size_t plain_size) const;
};

}  // namespace holdfast::codec
