// Whatever lies where a trailer or a chunk table should be is refused, without reading past it.
#include "vault/segment_format.h"

namespace holdfast::vault {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(data, size));
  static codec::Aead key(codec::SecretKey::from(Bytes(32, std::byte{1})));
  static const SegmentIdentity identity;
  const auto bounds = open_trailer(key, identity, bytes);
  if (bounds) (void)open_chunk_table(key, identity, *bounds, bytes);
  const TableBounds claimed{.offset = 0,
                            .size = static_cast<std::uint32_t>(size),
                            .chunk_count = static_cast<std::uint32_t>(size / chunk_entry_bytes)};
  if (size >= codec::aead_tag_bytes) (void)open_chunk_table(key, identity, claimed, bytes);
  (void)decode_place(as_text(bytes));
  return 0;
}

}  // namespace holdfast::vault
