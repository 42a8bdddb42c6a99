// Any sequence of takes from any bytes: no field reaches past the end, and one that fails leaves
// the reader where it was.
#include "base/check.h"
#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <algorithm>

namespace holdfast::wire {
namespace {

template <class Field>
void expect_in_bounds(const Reader& reader, std::size_t before, const Result<Field>& field) {
  check(field ? reader.position() >= before : reader.position() == before,
        "a failed take moves nothing");
}

void take_something(Reader& reader, std::uint8_t choice) {
  const std::size_t before = reader.position();
  switch (choice % 8) {
    case 0:
      return expect_in_bounds(reader, before, reader.take_u8());
    case 1:
      return expect_in_bounds(reader, before, reader.take_u16());
    case 2:
      return expect_in_bounds(reader, before, reader.take_u32());
    case 3:
      return expect_in_bounds(reader, before, reader.take_u64());
    case 4:
      return expect_in_bounds(reader, before, reader.take_bytes(choice));
    case 5:
      return expect_in_bounds(reader, before, reader.take_id<SegmentId>());
    case 6: {
      const auto count = reader.take_count(8);
      if (count) check(*count * 8 <= reader.rest().size(), "what is counted is there");
      return expect_in_bounds(reader, before, count);
    }
    default: {
      const auto number = reader.take_varint();
      if (!number) return expect_in_bounds(reader, before, number);
      Writer writer;
      writer.put_varint(*number);
      check(writer.size() == reader.position() - before, "a varint has one spelling");
    }
  }
}

void try_envelope(ByteView bytes) {
  constexpr Format format{.magic = "HFTESTIT", .version = 3};
  check(!open_envelope(format, bytes) || bytes.size() >= envelope_bytes, "short ones are refused");
  const Bytes enclosed = enclose(format, bytes);
  const auto opened = open_envelope(format, enclosed);
  check(opened && std::ranges::equal(opened->payload, bytes), "what was enclosed comes out");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto input = std::as_bytes(std::span(bytes, size));
  const std::size_t half = size / 2;
  Reader reader(input.subspan(half));
  for (std::size_t i = 0; i < half; ++i) take_something(reader, bytes[i]);
  try_envelope(input);
  return 0;
}

}  // namespace holdfast::wire
