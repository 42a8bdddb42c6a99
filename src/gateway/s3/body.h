// The body of a request on its way in: taken out of its coding, hashed as the client and the object
// need it, written to the vault, and judged before anybody may rely on it.
//
// Large bodies are hashed on worker threads while the vault takes the same bytes and the next ones
// arrive; small ones on the loop, where a hop would cost more than the work.
#pragma once

#include "gateway/s3/call.h"
#include "gateway/s3/protocol/checksums.h"
#include "vault/content.h"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::s3 {

inline constexpr std::size_t inline_body_bytes_max = 16 * kib;

struct Checksum {
  ChecksumKind kind = ChecksumKind::crc64nvme;
  std::string value;  // Base64.
};

enum class ETagKind : std::uint8_t { md5, blake3 };
ETagKind etag_kind_of(const catalog::Bucket& bucket);

// What the client says of a body before it comes.
struct BodyClaim {
  std::uint64_t size = 0;                // Of the content, out of its coding.
  std::optional<codec::Md5::Value> md5;  // Content-MD5
  std::optional<Checksum> checksum;      // In a header.
  std::optional<ChecksumKind> trailer;   // To come in the trailer.

  std::optional<ChecksumKind> kind() const {
    if (checksum) return checksum->kind;
    return trailer;
  }
};

// Reads the claim off the headers. Fails where headers are malformed, contradict each other or
// announce more than `size_max`. Checksums of another subject than the body are not looked at.
Outcome<BodyClaim> read_claim(const Call& call, std::uint64_t size_max,
                              ChecksumSubject subject = ChecksumSubject::document);

struct Received {
  vault::Content content;
  std::string etag;  // 32 hexadecimal digits.
  Checksum checksum;
  std::optional<Checksum> second;
};

// Reads the body to its end into the vault, for an object of `bucket`. `kind` is the checksum to
// compute, `second` another one beside it. Everything that the client claimed holds when this
// returns a value; whatever was written is dropped when it does not.
Task<Outcome<Received>> receive(Call& call, const catalog::Bucket& bucket, BodyClaim claim,
                                ChecksumKind kind, std::optional<ChecksumKind> second = {});

// ETag and checksum of bytes that are in the vault already.
struct Digests {
  std::string etag;
  Checksum checksum;
};
Task<Outcome<Digests>> digest(Services& services, vault::ContentReader& reader, ETagKind etag,
                              ChecksumKind kind);

}  // namespace holdfast::s3
