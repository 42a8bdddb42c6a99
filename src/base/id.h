// Identifiers: fixed-size byte strings of distinct types, so that no two kinds can be mixed up.
#pragma once

#include "base/bytes.h"
#include "base/hex.h"

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <string>

namespace holdfast {

// Id<struct NodeTag, 32>: 32 bytes that name a node.
template <class Tag, std::size_t Size>
struct Id {
  static constexpr std::size_t size = Size;

  std::array<std::byte, Size> bytes{};

  auto operator<=>(const Id&) const = default;

  ByteView view() const { return bytes; }
  bool is_zero() const { return *this == Id(); }

  // Requires exactly Size bytes.
  static Id from(ByteView view) {
    Id id;
    std::memcpy(id.bytes.data(), view.data(), Size);
    return id;
  }
};

template <class Tag, std::size_t Size>
std::string to_string(const Id<Tag, Size>& id) {
  return to_hex(id.bytes);
}

using NodeId = Id<struct NodeTag, 32>;              // Hash of the node's Ed25519 public key.
using SlotId = Id<struct SlotTag, 16>;              // Drawn when the slot is created.
using Incarnation = Id<struct IncarnationTag, 16>;  // Drawn each time that a slot is opened.
using VaultId = Id<struct VaultTag, 16>;            // Drawn when the vault is created.
using SegmentId = Id<struct SegmentTag, 16>;        // Drawn when the segment is opened.
using GenerationId = Id<struct GenerationTag, 16>;  // Drawn for each generation of a log.
using ChunkId = Id<struct ChunkTag, 32>;            // Keyed BLAKE3 of the chunk's plain bytes.

}  // namespace holdfast

// Ids are random or hashes, so any eight of their bytes spread well.
template <class Tag, std::size_t Size>
struct std::hash<holdfast::Id<Tag, Size>> {
  std::size_t operator()(const holdfast::Id<Tag, Size>& id) const noexcept {
    static_assert(Size >= sizeof(std::size_t));
    std::size_t value;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
