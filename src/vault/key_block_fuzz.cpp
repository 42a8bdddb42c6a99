// Hostile key blocks: whatever parses has one spelling, and only the block that was made opens.
#include "base/check.h"
#include "codec/checksum.h"
#include "vault/key_block.h"
#include "vault/recovery_words.h"

#include <cstring>

namespace holdfast::vault {
namespace {

class CountingRandom final : public env::Random {
 public:
  void fill(MutableByteView into) override {
    for (std::byte& byte : into) byte = static_cast<std::byte>(next_++);
  }

 private:
  unsigned next_ = 0;
};

codec::SecretKey machine_key() {
  return codec::SecretKey::from(Bytes(32, std::byte{1}));
}

Bytes good_block() {
  CountingRandom random;
  const KeyRing ring = KeyRing::draw(random);
  KeyBlock block = KeyBlock::create(ring, random);
  check(block.add_machine_key(ring, machine_key(), random).has_value(), "a wrap is added");
  return block.serialize();
}

// Chance would never find a checksum that fits.
void mend_checksum(Bytes& bytes) {
  if (bytes.size() <= 4) return;
  const std::uint32_t checksum = codec::crc32c(ByteView(bytes).first(bytes.size() - 4));
  std::memcpy(bytes.data() + bytes.size() - 4, &checksum, 4);
}

void try_block(const Bytes& bytes, const Bytes& good) {
  const auto block = KeyBlock::parse(bytes);
  if (!block) return;
  check(block->serialize() == bytes, "every block has one spelling");
  const bool opens = block->unlock_with_machine_key(machine_key()).has_value();
  check(!opens || bytes == good, "only the block that was made opens");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  static const Bytes good = good_block();
  Bytes bytes = to_bytes(std::as_bytes(std::span(input, size)));
  static_cast<void>(from_recovery_words(as_text(bytes)));

  // The input read as changes to a good block: where (two bytes), to what (one byte).
  Bytes changed = good;
  for (std::size_t i = 0; i + 3 <= size; i += 3) {
    changed[(input[i] * 256U + input[i + 1]) % changed.size()] = bytes[i + 2];
  }
  mend_checksum(changed);
  try_block(changed, good);

  mend_checksum(bytes);
  try_block(bytes, good);
  return 0;
}

}  // namespace holdfast::vault
