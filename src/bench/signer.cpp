#include "bench/signer.h"

#include "base/hex.h"
#include "gateway/s3/protocol/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace holdfast::bench {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view signature_mark = ";chunk-signature=";
constexpr std::string_view line_end = "\r\n";
constexpr std::size_t signature_digits = 64;

bool is_signed_field(std::string_view name) {
  return name == "host" || name.starts_with("x-amz-");
}

std::uint64_t coded_chunk_bytes(std::uint64_t size) {
  return fmt::formatted_size("{:x}", size) + signature_mark.size() + signature_digits +
         line_end.size() + size + line_end.size();
}

}  // namespace

std::string payload_hash(ByteView body) {
  return to_hex(codec::Sha256::of(body));
}

Signer::Signer(Credentials credentials, std::string authority)
    : credentials_(std::move(credentials)), authority_(std::move(authority)) {}

Result<Signed> Signer::sign(net::ClientRequest& request, std::string_view hash, WallTime now) {
  s3::Authorization authorization;
  authorization.timestamp = s3::format_amz_time(now);
  authorization.date = authorization.timestamp.substr(0, 8);
  authorization.access_key = credentials_.access_key;
  authorization.region = credentials_.region;
  authorization.payload_hash = hash;
  request.headers.set("host", authority_);
  request.headers.set("x-amz-date", authorization.timestamp);
  request.headers.set("x-amz-content-sha256", std::string(hash));
  for (const auto& [name, value] : request.headers.fields()) {
    if (is_signed_field(name)) authorization.signed_headers.push_back(name);
  }
  std::ranges::sort(authorization.signed_headers);

  net::Request asked;
  asked.method = request.method;
  asked.target = request.target;
  asked.headers = request.headers;
  const auto target = s3::parse_target(asked, {});
  if (!target) {
    return fail(ErrorCode::invalid, fmt::format("'{}' cannot be signed", request.target));
  }
  const s3::SigningKey& key = keys_.find(authorization, credentials_.secret_key);
  const std::string canonical = s3::canonical_request(authorization, asked, *target);
  std::string signature = s3::sign(key, s3::string_to_sign(authorization, canonical));
  request.headers.set("Authorization",
                      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                  credentials_.access_key, authorization.scope(),
                                  fmt::join(authorization.signed_headers, ";"), signature));
  return Signed{.key = key,
                .timestamp = authorization.timestamp,
                .scope = authorization.scope(),
                .signature = std::move(signature)};
}

SignedBody::SignedBody(Signed before, Payload payload, std::uint64_t offset, std::uint64_t size)
    : before_(std::move(before)), payload_(payload), offset_(offset), left_(size) {}

std::uint64_t SignedBody::coded_bytes(std::uint64_t size) {
  const std::uint64_t last = size % chunk_bytes;
  return size / chunk_bytes * coded_chunk_bytes(chunk_bytes) +
         (last > 0 ? coded_chunk_bytes(last) : 0) + coded_chunk_bytes(0);
}

std::size_t SignedBody::read(MutableByteView into) {
  if (used_ == chunk_.size()) {
    if (is_complete_) return 0;
    make_chunk();
  }
  const std::size_t size = std::min(into.size(), chunk_.size() - used_);
  std::memcpy(into.data(), chunk_.data() + used_, size);
  used_ += size;
  return size;
}

void SignedBody::make_chunk() {
  static const std::string hash_of_nothing = payload_hash({});
  const std::size_t size = std::min<std::uint64_t>(chunk_bytes, left_);
  const std::string digits = fmt::format("{:x}", size);
  const std::size_t head =
      digits.size() + signature_mark.size() + signature_digits + line_end.size();
  chunk_.resize(head + size + line_end.size());
  const MutableByteView content = MutableByteView(chunk_).subspan(head, size);
  payload_.read(offset_, content);
  // Each chunk's signature is made over the one before it.
  before_.signature =
      s3::sign(before_.key, fmt::format("{}-PAYLOAD\n{}\n{}\n{}\n{}\n{}", algorithm,
                                        before_.timestamp, before_.scope, before_.signature,
                                        hash_of_nothing, payload_hash(content)));
  const std::string line =
      fmt::format("{}{}{}{}", digits, signature_mark, before_.signature, line_end);
  std::memcpy(chunk_.data(), line.data(), line.size());
  std::memcpy(chunk_.data() + head + size, line_end.data(), line_end.size());
  offset_ += size;
  left_ -= size;
  is_complete_ = size == 0;
  used_ = 0;
}

}  // namespace holdfast::bench
