// Hostile registers, with a MAC that fits: whatever is taken has one spelling.
#include "base/check.h"
#include "codec/blake3.h"
#include "grid/register.h"
#include "wire/envelope.h"

namespace holdfast::grid {
namespace {

void try_register(ByteView input) {
  const codec::SecretKey key;
  static_cast<void>(decode_register(input, key));
  Bytes payload = to_bytes(input);
  const auto mac =
      codec::Blake3::keyed(key).update(as_bytes("holdfast register 1")).update(input).finish();
  payload.insert(payload.end(), mac.begin(), mac.end());
  const auto value = decode_register(wire::enclose({.magic = "HFREGSTR"}, payload), key);
  if (!value) return;
  // Rows come in any order, so the first spelling need not be this one; the second is.
  const Bytes spelt = encode_register(*value, key);
  const auto again = decode_register(spelt, key);
  check(again && encode_register(*again, key) == spelt, "a register that was read is written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try_register(std::as_bytes(std::span(bytes, size)));
  return 0;
}

}  // namespace holdfast::grid
