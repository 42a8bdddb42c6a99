#include "gateway/s3/protocol/sigv4.h"

#include "base/hex.h"
#include "codec/secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::s3 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view signature_parameter = "X-Amz-Signature";

codec::Sha256::Value hmac(ByteView key, std::string_view text) {
  return codec::hmac_sha256(key, as_bytes(text));
}

std::string hash_hex(std::string_view text) {
  return to_hex(codec::Sha256::of(as_bytes(text)));
}

// Trims, and makes runs of spaces one.
void append_collapsed(std::string& out, std::string_view value) {
  bool is_space_due = false;
  bool is_first = true;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      is_space_due = true;
      continue;
    }
    if (is_space_due && !is_first) out += ' ';
    is_space_due = false;
    is_first = false;
    out += c;
  }
}

void append_headers(std::string& out, const Authorization& authorization,
                    const net::Request& request) {
  for (const auto& name : authorization.signed_headers) {
    out.append(name).append(":");
    bool is_first = true;
    for (const auto& [field, value] : request.headers.fields()) {
      if (!net::equals_ignoring_case(field, name)) continue;
      if (!is_first) out += ',';
      append_collapsed(out, value);
      is_first = false;
    }
    out += '\n';
  }
}

std::string canonical_query(const Target& target) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& parameter : target.query.parameters()) {
    if (parameter.name == signature_parameter) continue;
    encoded.emplace_back(net::percent_encode(parameter.name), net::percent_encode(parameter.value));
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string spaced_hex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    fmt::format_to(std::back_inserter(out), "{}{:02x}", out.empty() ? "" : " ",
                   static_cast<unsigned char>(c));
  }
  return out;
}

S3Error signature_mismatch(std::string_view access_key, std::string_view signature,
                           std::string_view to_sign) {
  return S3Error(Code::signature_does_not_match)
      .with("AWSAccessKeyId", std::string(access_key))
      .with("StringToSign", std::string(to_sign))
      .with("SignatureProvided", std::string(signature))
      .with("StringToSignBytes", spaced_hex(to_sign));
}

bool is_equal(std::string_view expected, std::string_view claimed) {
  return codec::equal_in_constant_time(as_bytes(expected), as_bytes(claimed));
}

}  // namespace

std::string Authorization::scope() const {
  return fmt::format("{}/{}/s3/aws4_request", date, region);
}

std::string canonical_request(const Authorization& authorization, const net::Request& request,
                              const Target& target) {
  std::string out;
  out.append(request.method).append("\n");
  out.append(net::percent_encode(target.path, "/")).append("\n");
  out.append(canonical_query(target)).append("\n");
  append_headers(out, authorization, request);
  out += '\n';
  for (std::size_t i = 0; i < authorization.signed_headers.size(); ++i) {
    if (i > 0) out += ';';
    out += authorization.signed_headers[i];
  }
  out.append("\n").append(authorization.payload_hash);
  return out;
}

std::string string_to_sign(const Authorization& authorization, std::string_view canonical) {
  return fmt::format("{}\n{}\n{}\n{}", algorithm, authorization.timestamp, authorization.scope(),
                     hash_hex(canonical));
}

std::string sign(const SigningKey& key, std::string_view to_sign) {
  return to_hex(hmac(key, to_sign));
}

SigningKey derive_signing_key(std::string_view secret, std::string_view date,
                              std::string_view region) {
  std::string start = "AWS4";
  start += secret;
  const auto of_date = hmac(as_bytes(start), date);
  codec::wipe(std::as_writable_bytes(std::span(start)));
  const auto of_region = hmac(of_date, region);
  const auto of_service = hmac(of_region, "s3");
  return hmac(of_service, "aws4_request");
}

Outcome<void> verify(const Authorization& authorization, const net::Request& request,
                     const Target& target, const SigningKey& key) {
  const auto canonical = canonical_request(authorization, request, target);
  const auto to_sign = string_to_sign(authorization, canonical);
  if (is_equal(sign(key, to_sign), authorization.signature)) return {};
  return refuse(signature_mismatch(authorization.access_key, authorization.signature, to_sign)
                    .with("CanonicalRequest", canonical)
                    .with("CanonicalRequestBytes", spaced_hex(canonical)));
}

const SigningKey& SigningKeys::find(const Authorization& authorization, std::string_view secret) {
  auto place = std::tuple(authorization.access_key, authorization.date, authorization.region);
  const auto found = entries_.find(place);
  if (found != entries_.end() && found->second.secret == secret) return found->second.key;
  if (entries_.size() >= count_max) entries_.clear();
  Entry entry{std::string(secret),
              derive_signing_key(secret, authorization.date, authorization.region)};
  return entries_.insert_or_assign(std::move(place), std::move(entry)).first->second.key;
}

ChunkSignatures::ChunkSignatures(const Authorization& authorization, const SigningKey& key)
    : key_(key),
      access_key_(authorization.access_key),
      timestamp_(authorization.timestamp),
      scope_(authorization.scope()),
      before_(authorization.signature) {}

Outcome<void> ChunkSignatures::verify_chunk(std::string_view signature,
                                            const codec::Sha256::Value& hash) {
  static const std::string hash_of_nothing = hash_hex("");
  return verify(signature, fmt::format("{}-PAYLOAD\n{}\n{}\n{}\n{}\n{}", algorithm, timestamp_,
                                       scope_, before_, hash_of_nothing, to_hex(hash)));
}

Outcome<void> ChunkSignatures::verify_trailer(std::string_view signature,
                                              std::string_view trailer) {
  return verify(signature, fmt::format("{}-TRAILER\n{}\n{}\n{}\n{}", algorithm, timestamp_, scope_,
                                       before_, hash_hex(trailer)));
}

Outcome<void> ChunkSignatures::verify(std::string_view signature, std::string_view text) {
  auto expected = sign(key_, text);
  if (!is_equal(expected, signature))
    return refuse(signature_mismatch(access_key_, signature, text));
  before_ = std::move(expected);
  return {};
}

}  // namespace holdfast::s3
