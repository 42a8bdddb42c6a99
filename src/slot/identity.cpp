#include "slot/identity.h"

#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace holdfast::slot {
namespace {

constexpr wire::Format format{.magic = "HFSLOTID", .version = 1};

}  // namespace

Bytes encode_identity(SlotId id, std::span<const Incarnation> incarnations) {
  wire::Writer writer;
  writer.put_id(id);
  writer.put_varint(incarnations.size());
  for (const Incarnation& incarnation : incarnations) writer.put_id(incarnation);
  return wire::enclose(format, writer.view());
}

Result<Identity> decode_identity(ByteView bytes) {
  TRY_LET(const auto opened, wire::open_envelope(format, bytes));
  wire::Reader reader(opened.payload);
  Identity identity;
  TRY_LET(identity.id, reader.take_id<SlotId>());
  TRY_LET(const std::size_t count, reader.take_count(Incarnation::size));
  identity.incarnations.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY_LET(const auto incarnation, reader.take_id<Incarnation>());
    identity.incarnations.push_back(incarnation);
  }
  TRY(reader.finish());
  return identity;
}

}  // namespace holdfast::slot
