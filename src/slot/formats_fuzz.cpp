// Hostile files of a slot. Checksums are mended, for chance would never find one that fits: so what
// lies behind them is reached. Whatever a decoder takes, the encoder writes again.
#include "base/check.h"
#include "codec/checksum.h"
#include "slot/identity.h"
#include "slot/log_format.h"
#include "slot/log_head.h"
#include "slot/shard_format.h"
#include "wire/envelope.h"

#include <algorithm>
#include <cstring>

namespace holdfast::slot {
namespace {

void try_head(ByteView input) {
  static_cast<void>(decode_log_head(input));
  for (const std::uint16_t version : {std::uint16_t{1}, std::uint16_t{2}}) {
    const auto head =
        decode_log_head(wire::enclose({.magic = "HFLOGHED", .version = version}, input));
    if (!head) continue;
    const auto again = decode_log_head(encode_log_head(*head));
    check(again && *again == *head, "a head that was read can be written");
  }
}

void try_file_header(ByteView input) {
  static_cast<void>(decode_log_file_header(input));
  const auto header = decode_log_file_header(wire::enclose({.magic = "HFLOGFIL"}, input));
  if (!header) return;
  const auto again = decode_log_file_header(encode_log_file_header(*header).view());
  check(again && *again == *header, "a header that was read can be written");
}

void try_identity(ByteView input) {
  static_cast<void>(decode_identity(input));
  const Bytes bytes = wire::enclose({.magic = "HFSLOTID"}, input);
  const auto identity = decode_identity(bytes);
  if (!identity) return;
  check(encode_identity(identity->id, identity->incarnations) == bytes,
        "an identity has one spelling");
}

void try_frame(ByteView input) {
  const FileNonce nonce{};
  static_cast<void>(decode_frame(input, nonce));
  if (input.size() < frame_head_bytes) return;
  Bytes frame = to_bytes(input);
  std::memcpy(frame.data(), "HFfr", 4);
  const auto size = static_cast<std::uint32_t>(frame.size());
  std::memcpy(frame.data() + 8, &size, sizeof size);
  std::memset(frame.data() + 16, 0, FileNonce::size);
  const std::uint32_t checksum = codec::crc32c(ByteView(frame).subspan(frame_checksum_end));
  std::memcpy(frame.data() + 4, &checksum, sizeof checksum);

  const auto records = decode_frame(frame, nonce);
  if (!records) return;
  const auto head = find_frame(frame, nonce);
  check(head && records->size() == head->record_count, "a frame has as many records as it says");
  const AlignedBuffer again = encode_frame(nonce, head->before, head->after, *records);
  check(std::ranges::equal(again.view().first(size), frame), "a frame has one spelling");
}

void try_shard(ByteView input) {
  static_cast<void>(decode_shard_footer(input));
  constexpr std::size_t footer_bytes = 128;
  Bytes end =
      wire::enclose({.magic = "HFSHARD."}, input.first(std::min<std::size_t>(input.size(), 57)));
  end.resize(footer_bytes);
  const auto footer = decode_shard_footer(end);
  if (!footer) return;
  check(footer->block_count >= 1 && footer->block_count <= shard_blocks_max, "sizes are bounded");
  static_cast<void>(decode_shard_table(input, *footer));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto input = std::as_bytes(std::span(bytes, size));
  try_head(input);
  try_file_header(input);
  try_identity(input);
  try_frame(input);
  try_shard(input);
  return 0;
}

}  // namespace holdfast::slot
