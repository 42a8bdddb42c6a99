#include "wire/envelope.h"

#include "base/check.h"
#include "codec/checksum.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

namespace holdfast::wire {
namespace {

constexpr std::size_t magic_bytes = 8;
constexpr std::size_t checksum_offset = envelope_bytes - 4;

std::uint32_t checksum_of(ByteView head, ByteView payload) {
  return codec::crc32c(payload, codec::crc32c(head));
}

}  // namespace

Bytes enclose(const Format& format, ByteView payload) {
  check(format.magic.size() == magic_bytes, "a magic has 8 characters");
  check(payload.size() <= UINT32_MAX, "an enclosed payload is small");
  Writer writer(envelope_bytes + payload.size());
  writer.put_raw(as_bytes(format.magic));
  writer.put_u16(format.version);
  writer.put_u16(std::uint16_t{0});
  writer.put_u32(std::uint32_t{0});  // Features that a reader must know.
  writer.put_u32(std::uint32_t{0});  // Features that whoever changes the file must know.
  writer.put_u32(static_cast<std::uint32_t>(payload.size()));
  writer.put_u32(checksum_of(writer.view(), payload));
  writer.put_raw(payload);
  return std::move(writer).take();
}

Result<Opened> open_envelope(const Format& format, ByteView bytes) {
  Reader reader(bytes);
  TRY_LET(const ByteView magic, reader.take_raw(magic_bytes));
  if (as_text(magic) != format.magic) {
    return fail(ErrorCode::corrupt, fmt::format("not a file of the kind {}", format.magic));
  }
  TRY_LET(const std::uint16_t version, reader.take_u16());
  TRY(reader.take_u16());
  TRY_LET(const std::uint32_t read_features, reader.take_u32());
  TRY_LET(const std::uint32_t write_features, reader.take_u32());
  TRY_LET(const std::uint32_t size, reader.take_u32());
  TRY_LET(const std::uint32_t checksum, reader.take_u32());
  TRY_LET(const ByteView payload, reader.take_raw(size));
  TRY(reader.finish());
  if (checksum != checksum_of(bytes.first(checksum_offset), payload)) {
    return fail(ErrorCode::corrupt, "its checksum is wrong");
  }
  if (version == 0 || version > format.version) {
    return fail(ErrorCode::unsupported,
                fmt::format("it has version {}, this release knows up to {}: use a newer release",
                            version, format.version));
  }
  if (read_features != 0 || write_features != 0) {
    return fail(ErrorCode::unsupported,
                fmt::format("it uses features {:#x} and {:#x}, which this release does not know: "
                            "use a newer release",
                            read_features, write_features));
  }
  return Opened{.version = version, .payload = payload};
}

}  // namespace holdfast::wire
