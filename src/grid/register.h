// Register: all rows of embedded coordination in one value, and who keeps a copy of it. Encode and
// decode only; docs/formats/register.md has the byte table.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/secret.h"
#include "grid/coordination.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace holdfast::grid {

inline constexpr std::size_t register_bytes_max = 60 * kib;  // Fits into a block of a slot.
inline constexpr std::size_t row_name_bytes_max = 128;
inline constexpr std::size_t register_members_max = 256;

// Who keeps a copy: a slot, by its id, or the data folder, by this one.
inline constexpr SlotId data_folder_member{};

struct Register {
  std::uint64_t sequence = 0;  // Of two copies the one with the higher number is the newer.
  std::vector<SlotId> members;
  std::map<std::string, Row> rows;
};

// With a MAC under `key`.
Bytes encode_register(const Register& value, const codec::SecretKey& key);

// `corrupt` when it is damaged, or made under another key.
Result<Register> decode_register(ByteView bytes, const codec::SecretKey& key);

}  // namespace holdfast::grid
