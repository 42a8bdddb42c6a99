// The client's side of AWS Signature Version 4: signs requests, and bodies chunk by chunk.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "bench/payload.h"
#include "gateway/s3/protocol/sigv4.h"
#include "net/client.h"

#include <string>
#include <string_view>

namespace holdfast::bench {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string region = "us-east-1";
};

// What is said in place of a body's hash.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view signed_chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

std::string payload_hash(ByteView body);

// What the signatures of a body's chunks go on from.
struct Signed {
  s3::SigningKey key;
  std::string timestamp;
  std::string scope;
  std::string signature;
};

class Signer {
 public:
  // `authority` is what the Host field says: "127.0.0.1:9000".
  Signer(Credentials credentials, std::string authority);

  // Adds Host, x-amz-date, x-amz-content-sha256 (`hash`) and Authorization to `request`; of the
  // fields that it has, those whose names begin with "x-amz-" are signed. `invalid` for a target
  // that cannot be decoded.
  Result<Signed> sign(net::ClientRequest& request, std::string_view hash, WallTime now);

 private:
  Credentials credentials_;
  std::string authority_;
  s3::SigningKeys keys_;
};

// `size` bytes of a payload, from `offset` on, as a body of signed chunks (the aws-chunked coding).
class SignedBody {
 public:
  static constexpr std::size_t chunk_bytes = 64 * kib;

  SignedBody(Signed before, Payload payload, std::uint64_t offset, std::uint64_t size);

  // How long the coded body of `size` bytes is.
  static std::uint64_t coded_bytes(std::uint64_t size);

  // The next piece of it; 0 at its end.
  std::size_t read(MutableByteView into);

 private:
  void make_chunk();

  Signed before_;
  Payload payload_;
  std::uint64_t offset_;
  std::uint64_t left_;
  bool is_complete_ = false;  // The last chunk, which is empty, is made.
  Bytes chunk_;
  std::size_t used_ = 0;
};

}  // namespace holdfast::bench
