// Cuts a stream into chunks where its content says so (FastCDC with normalised chunk sizes, Xia et
// al., IEEE TPDS 2020): an insertion changes the chunks around it and no others. Copies nothing and
// keeps 16 bytes of state, so that streams are cheap.
//
// Where a chunk ends depends on its own bytes, the gear table and the options, and never on how the
// stream came in pieces.
//
//   while (!more.empty()) {
//     const auto size = chunker.next(more);      // `size` bytes end a chunk, or all of `more` is
//     in take(more.first(size.value_or(more.size())), size.has_value()); more =
//     more.subspan(size.value_or(more.size()));
//   }
#pragma once

#include "base/bytes.h"
#include "codec/gear.h"

#include <cstdint>
#include <optional>

namespace holdfast::codec {

struct ChunkerOptions {
  std::size_t min_bytes = 32 * kib;
  std::size_t average_bytes = 128 * kib;
  std::size_t max_bytes = 512 * kib;

  // Whether average is a power of two from 256 bytes to 16 MiB, with 0 < min <= average / 2 and
  // average < max <= 64 MiB. The stated average is met where min = average / 4, max = average * 4.
  bool is_valid() const;
};

class Chunker {
 public:
  // Requires valid options and a table that outlives the chunker.
  explicit Chunker(const GearTable& gear, ChunkerOptions options = {});

  // Looks at the bytes that follow those seen so far. Returns how many of them complete the current
  // chunk (at least 1), and then stands at the start of the next chunk; or nothing if all of them
  // belong to the current chunk and it goes on.
  std::optional<std::size_t> next(ByteView more);

  // How much of the current chunk has been seen; at the end of a stream, its last chunk's size.
  std::size_t pending_bytes() const { return length_; }

  // Forgets the current chunk: what follows starts another stream.
  void restart();

 private:
  const GearTable* gear_;
  ChunkerOptions options_;
  std::size_t normal_bytes_;  // Up to here cuts are rarer than the average asks for, then commoner.
  std::uint64_t mask_before_;
  std::uint64_t mask_after_;
  std::uint64_t hash_ = 0;
  std::size_t length_ = 0;
};

}  // namespace holdfast::codec
