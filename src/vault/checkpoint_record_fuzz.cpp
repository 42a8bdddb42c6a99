// Whatever decodes can be encoded again, and means the same.
#include "vault/checkpoint_record.h"

#include "base/check.h"

namespace holdfast::vault {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto checkpoint = decode_checkpoint(bytes);
  if (!checkpoint) return 0;
  const auto again = decode_checkpoint(encode_checkpoint(*checkpoint));
  check(again.has_value(), "what was decoded can be encoded and decoded");
  check(again->files == checkpoint->files && again->applied == checkpoint->applied,
        "a checkpoint means the same after a round trip");
  for (const CheckpointFile& file : checkpoint->files) {
    for (const CheckpointPiece& piece : file.pieces) {
      check(checkpoint->segments.contains(piece.segment), "each piece is of a segment");
    }
  }
  return 0;
}

}  // namespace holdfast::vault
