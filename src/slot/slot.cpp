#include "slot/slot.h"

#include "codec/blake3.h"
#include "wire/writer.h"

#include <algorithm>

namespace holdfast::slot {
namespace {

// Public: it only sets these hashes apart from all others.
constexpr std::string_view chain_key = "holdfast log chain of version 1.";
static_assert(chain_key.size() == 32);

}  // namespace

ChainHash extend_chain(const ChainHash& chain, std::uint64_t sequence, ByteView record) {
  std::array<std::byte, ChainHash::size + sizeof sequence> head;
  std::ranges::copy(chain.bytes, head.begin());
  for (unsigned i = 0; i < sizeof sequence; ++i) {
    head[ChainHash::size + i] = static_cast<std::byte>(sequence >> (8 * i));
  }
  auto hash = codec::Blake3::keyed(as_bytes(chain_key));
  return ChainHash::from(hash.update(head).update(record).finish());
}

}  // namespace holdfast::slot
