#include "vault/keys.h"

#include "codec/kdf.h"
#include "wire/writer.h"

#include <fmt/format.h>

namespace holdfast::vault {

KeyRing KeyRing::draw(env::Random& random) {
  KeyRing ring;
  random.fill(ring.vault_.bytes);
  random.fill(ring.master_.writable());
  random.fill(ring.chunk_id_.writable());
  random.fill(ring.gear_.writable());
  random.fill(ring.service_.writable());
  random.fill(ring.data_[1].writable());
  return ring;
}

codec::SecretKey KeyRing::chunk_id_key(std::uint64_t domain) const {
  wire::Writer subject;
  subject.put_u64(domain);
  return derive(chunk_id_, "holdfast chunk id key v1", subject.view());
}

Result<codec::SecretKey> KeyRing::segment_key(std::uint32_t generation, const SegmentId& segment,
                                              SegmentKind kind) const {
  const auto found = data_.find(generation);
  if (found == data_.end()) {
    return fail(ErrorCode::not_found, fmt::format("segment {}: no data key of generation {}",
                                                  to_string(segment), generation));
  }
  wire::Writer subject;
  subject.put_id(segment);
  subject.put_u8(static_cast<std::uint8_t>(kind));
  return derive(found->second, "holdfast segment key v1", subject.view());
}

codec::SecretKey KeyRing::log_key(const GenerationId& generation) const {
  return derive(service_, "holdfast log key v1", generation.view());
}

codec::SecretKey KeyRing::table_key() const {
  return derive(service_, "holdfast table key v1", {});
}

codec::SecretKey KeyRing::secrets_key() const {
  return derive(service_, "holdfast secrets key v1", {});
}

codec::SecretKey KeyRing::register_key() const {
  return derive(service_, "holdfast register key v1", {});
}

codec::SecretKey KeyRing::derive(const codec::SecretKey& from, std::string_view purpose,
                                 ByteView subject) const {
  // The vault's id takes part, so that two vaults never share a key even if their keys were the
  // same.
  wire::Writer about;
  about.put_text(purpose);
  about.put_id(vault_);
  about.put_raw(subject);
  return codec::hkdf_derive(from, about.view());
}

}  // namespace holdfast::vault
