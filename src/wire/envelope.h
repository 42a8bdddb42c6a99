// What every small file on disk is wrapped in, so that it says what it is, in which version, and
// whether it is whole. The byte table is in docs/formats/envelope.md.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <string_view>

namespace holdfast::wire {

inline constexpr std::size_t envelope_bytes = 28;  // In front of the payload.

// A kind of file. `magic` has exactly 8 characters; `version` is the newest that this release
// knows, and the one that it writes.
struct Format {
  std::string_view magic;
  std::uint16_t version = 1;
};

struct Opened {
  std::uint16_t version = 0;
  ByteView payload;
};

Bytes enclose(const Format& format, ByteView payload);

// The payload is a view into `bytes`. Fails with `corrupt` when it is another kind of file or
// damaged, and with `unsupported` when a newer release wrote it or it uses a feature that this
// release does not know.
Result<Opened> open_envelope(const Format& format, ByteView bytes);

}  // namespace holdfast::wire
