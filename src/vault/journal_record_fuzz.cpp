// A record of the log that anybody may have written is decoded or refused; what is decoded encodes
// to the same bytes.
#include "base/check.h"
#include "vault/journal_record.h"
#include "vault/segment_store.h"

namespace holdfast::vault {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(data, size));
  if (const auto record = decode_record(bytes)) {
    const Bytes again = encode_record(record->changes, record->frames);
    check(std::ranges::equal(again, bytes), "a decoded record encodes to the same bytes");
  }
  if (const auto row = decode_segment_row(as_text(bytes))) {
    check(encode_segment_row(*row) == as_text(bytes), "a decoded row encodes to the same bytes");
  }
  return 0;
}

}  // namespace holdfast::vault
