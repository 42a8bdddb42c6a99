// The identity file of a slot: docs/formats/slot.md.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"

#include <span>
#include <vector>

namespace holdfast::slot {

struct Identity {
  SlotId id;
  std::vector<Incarnation> incarnations;  // Newest last.
};

Bytes encode_identity(SlotId id, std::span<const Incarnation> incarnations);
Result<Identity> decode_identity(ByteView bytes);

}  // namespace holdfast::slot
