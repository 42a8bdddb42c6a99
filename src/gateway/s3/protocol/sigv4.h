// AWS Signature Version 4: whose request it is, and whether it arrived as it was sent. By the
// Authorization header, or by the query of a presigned URL.
//
// The steps are apart on purpose: read_authorization() says who claims to have signed, the caller
// finds that key's secret, verify() judges. Nothing of a request counts before verify().
#pragma once

#include "base/time.h"
#include "codec/digest.h"
#include "gateway/s3/protocol/error.h"
#include "gateway/s3/protocol/target.h"
#include "net/http.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace holdfast::s3 {

inline constexpr std::chrono::minutes clock_skew_max{15};
inline constexpr std::chrono::seconds presigned_life_max{604'800};

// How the body is protected, as x-amz-content-sha256 says.
enum class Payload : std::uint8_t {
  hashed,                      // Its SHA-256 is part of the signature.
  not_signed,                  // UNSIGNED-PAYLOAD
  signed_chunks,               // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  signed_chunks_with_trailer,  // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  chunks_with_trailer,         // STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

struct Authorization {
  std::string access_key;
  std::string date;  // yyyymmdd, of the scope.
  std::string region;
  std::string timestamp;                    // yyyymmddThhmmssZ
  std::vector<std::string> signed_headers;  // Lower case.
  std::string signature;                    // Lower-case hexadecimal as claimed.
  std::string payload_hash;                 // The text that was signed in its place.
  Payload payload = Payload::not_signed;
  bool is_presigned = false;

  // date/region/s3/aws4_request
  std::string scope() const;
};

using SigningKey = codec::Sha256::Value;

// Reads what the request claims and checks all that needs no secret: form, scope, time, and that
// every header which must be signed is. Nothing: the request claims no identity.
Outcome<std::optional<Authorization>> read_authorization(const net::Request& request,
                                                         const Target& target,
                                                         std::string_view region, WallTime now);

// Fails with SignatureDoesNotMatch.
Outcome<void> verify(const Authorization& authorization, const net::Request& request,
                     const Target& target, const SigningKey& key);

// What the signature is made over, step by step.
std::string canonical_request(const Authorization& authorization, const net::Request& request,
                              const Target& target);
std::string string_to_sign(const Authorization& authorization, std::string_view canonical_request);
std::string sign(const SigningKey& key, std::string_view string_to_sign);

SigningKey derive_signing_key(std::string_view secret, std::string_view date,
                              std::string_view region);

// Keys derived before: a key is good for a day, and deriving one costs four HMACs.
class SigningKeys {
 public:
  static constexpr std::size_t count_max = 1024;

  const SigningKey& find(const Authorization& authorization, std::string_view secret);

 private:
  struct Entry {
    std::string secret;  // A key id may get another secret.
    SigningKey key;
  };
  std::map<std::tuple<std::string, std::string, std::string>, Entry> entries_;
};

// The signatures of a body in signed chunks: each is made over the one before it.
class ChunkSignatures {
 public:
  ChunkSignatures(const Authorization& authorization, const SigningKey& key);

  // Takes the claimed signature of the next chunk and the SHA-256 of its bytes. Fails with
  // SignatureDoesNotMatch.
  Outcome<void> verify_chunk(std::string_view signature, const codec::Sha256::Value& hash);

  // Of the trailer: "name:value\n" for each field, in their order.
  Outcome<void> verify_trailer(std::string_view signature, std::string_view trailer);

 private:
  Outcome<void> verify(std::string_view signature, std::string_view text);

  SigningKey key_;
  std::string access_key_;
  std::string timestamp_;
  std::string scope_;
  std::string before_;
};

}  // namespace holdfast::s3
