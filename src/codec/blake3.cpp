#include "codec/blake3.h"

#include "base/check.h"

#include <blake3.h>

#include <type_traits>

namespace holdfast::codec {
namespace {

blake3_hasher* hasher(std::byte* state) {
  return reinterpret_cast<blake3_hasher*>(state);
}
const blake3_hasher* hasher(const std::byte* state) {
  return reinterpret_cast<const blake3_hasher*>(state);
}
std::uint8_t* raw(std::byte* bytes) {
  return reinterpret_cast<std::uint8_t*>(bytes);
}

}  // namespace

Blake3::Blake3() {
  static_assert(sizeof(blake3_hasher) == state_bytes);
  static_assert(std::is_trivially_copyable_v<blake3_hasher> && alignof(blake3_hasher) <= 8);
  blake3_hasher_init(hasher(state_.data()));
}

Blake3 Blake3::keyed(ByteView key) {
  check(key.size() == BLAKE3_KEY_LEN, "a BLAKE3 key has 32 bytes");
  Blake3 made{Uninitialised()};
  blake3_hasher_init_keyed(hasher(made.state_.data()),
                           reinterpret_cast<const std::uint8_t*>(key.data()));
  return made;
}

Blake3 Blake3::deriving(std::string_view context) {
  Blake3 made{Uninitialised()};
  blake3_hasher_init_derive_key_raw(hasher(made.state_.data()), context.data(), context.size());
  return made;
}

Blake3::~Blake3() {
  // The key, and the state of the unfinished block after it. The stack of finished subtrees behind
  // holds hashes only, and wiping all of it would cost short inputs more than hashing them.
  blake3_hasher* state = hasher(state_.data());
  wipe(std::as_writable_bytes(std::span(&state->key, 1)));
  wipe(std::as_writable_bytes(std::span(&state->chunk, 1)));
}

Blake3& Blake3::update(ByteView bytes) {
  blake3_hasher_update(hasher(state_.data()), bytes.data(), bytes.size());
  return *this;
}

Blake3Hash Blake3::finish() const {
  Blake3Hash hash;
  blake3_hasher_finalize(hasher(state_.data()), raw(hash.data()), hash.size());
  return hash;
}

void Blake3::finish(MutableByteView out) const {
  blake3_hasher_finalize(hasher(state_.data()), raw(out.data()), out.size());
}

ChunkId chunk_id(const SecretKey& key, ByteView plain) {
  ChunkId id;
  Blake3::keyed(key).update(plain).finish(id.bytes);
  return id;
}

SecretKey blake3_derive_key(std::string_view context, ByteView material) {
  SecretKey key;
  Blake3::deriving(context).update(material).finish(key.writable());
  return key;
}

}  // namespace holdfast::codec
