// Hostile rows and headers of a range: what is taken can be written again, and its numbers add up.
#include "base/check.h"
#include "vault/range_row.h"
#include "wire/envelope.h"

namespace holdfast::vault {
namespace {

void expect_sound(const Generation& generation) {
  check(generation.acknowledgements + generation.fences == generation.members.size() + 1,
        "who acknowledged and who is fenced have somebody in common");
}

void try_row(ByteView input) {
  static_cast<void>(decode_range_row(input));
  const auto row = decode_range_row(wire::enclose({.magic = "HFRANGE."}, input));
  if (!row) return;
  if (row->generation) expect_sound(*row->generation);
  const auto again = decode_range_row(encode_range_row(*row));
  check(again && *again == *row, "a row that was read can be written");
}

void try_header(ByteView input) {
  static_cast<void>(decode_log_header(input));
  const auto header = decode_log_header(wire::enclose({.magic = "HFLOGHDR"}, input));
  if (!header) return;
  expect_sound(header->generation);
  const auto again = decode_log_header(encode_log_header(*header));
  check(again && *again == *header, "a header that was read can be written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto input = std::as_bytes(std::span(bytes, size));
  try_row(input);
  try_header(input);
  return 0;
}

}  // namespace holdfast::vault
