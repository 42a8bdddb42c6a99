// What the headers of a request say about its body: the first half of body.h.
#include "gateway/s3/body.h"

#include "base/number.h"
#include "codec/base64.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

constexpr std::string_view checksum_prefix = "x-amz-checksum-";

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

S3Error invalid_header(std::string_view name) {
  return S3Error(Code::invalid_request, fmt::format("Value for {} header is invalid.", name));
}

S3Error too_many_checksums() {
  return S3Error(Code::invalid_request,
                 "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                 "allowed.");
}

bool is_chunked(Payload payload) {
  return payload != Payload::hashed && payload != Payload::not_signed;
}

Outcome<std::uint64_t> read_size(const Call& call, std::uint64_t size_max) {
  std::uint64_t size = 0;
  if (is_chunked(call.authorization.payload)) {
    const auto text = call.header("x-amz-decoded-content-length");
    const auto decoded = parse_number<std::uint64_t>(text);
    if (!decoded) return refuse(Code::missing_content_length);
    size = *decoded;
  } else if (call.request().content_length) {
    size = *call.request().content_length;
  } else if (call.request().is_chunked) {
    return refuse(Code::missing_content_length);
  }
  if (size > size_max) {
    return refuse(S3Error(Code::entity_too_large)
                      .with("ProposedSize", std::to_string(size))
                      .with("MaxSizeAllowed", std::to_string(size_max)));
  }
  return size;
}

Outcome<std::optional<codec::Md5::Value>> read_md5(const Call& call) {
  const auto found = call.request().headers.find("content-md5");
  if (!found) return std::nullopt;
  const auto bytes = codec::from_base64(*found);
  codec::Md5::Value md5;
  if (!bytes || bytes->size() != md5.size()) {
    return refuse(S3Error(Code::invalid_digest).with("Content-MD5", std::string(*found)));
  }
  std::ranges::copy(*bytes, md5.begin());
  return md5;
}

// A header with the checksum of the body, of whatever algorithm.
bool names_checksum(std::string_view name) {
  return name.starts_with(checksum_prefix) && name != "x-amz-checksum-mode" &&
         name != "x-amz-checksum-type" && name != "x-amz-checksum-algorithm";
}

Outcome<std::optional<Checksum>> read_checksum(const Call& call) {
  std::vector<std::pair<std::string, std::string_view>> found;
  for (const auto& [field, value] : call.request().headers.fields()) {
    auto name = to_lower(field);
    if (names_checksum(name)) found.emplace_back(std::move(name), value);
  }
  if (found.empty()) return std::nullopt;
  if (found.size() > 1) return refuse(too_many_checksums());
  const auto& [name, value] = found.front();
  const auto kind = checksum_kind_of_header(name);
  if (!kind) {
    return refuse(Code::invalid_request,
                  "The algorithm type you specified in x-amz-checksum- header is invalid.");
  }
  if (!is_checksum(*kind, value)) return refuse(invalid_header(name));
  return Checksum{*kind, std::string(value)};
}

Outcome<std::optional<ChecksumKind>> read_trailer(const Call& call) {
  const auto payload = call.authorization.payload;
  const auto name = to_lower(call.header("x-amz-trailer"));
  if (name.empty()) return std::nullopt;
  const auto kind = checksum_kind_of_header(name);
  if (!kind) {
    return refuse(Code::invalid_request,
                  "The value specified in the x-amz-trailer header is not supported");
  }
  if (payload != Payload::chunks_with_trailer && payload != Payload::signed_chunks_with_trailer) {
    return refuse(Code::malformed_trailer);
  }
  return kind;
}

Outcome<void> check_sdk_algorithm(const Call& call, const BodyClaim& claim) {
  const auto name = call.header("x-amz-sdk-checksum-algorithm");
  if (name.empty()) return {};
  const auto kind = parse_checksum_kind(name);
  if (!kind) return refuse(invalid_header("x-amz-sdk-checksum-algorithm"));
  if (!claim.kind()) {
    return refuse(Code::invalid_request,
                  "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* "
                  "or x-amz-trailer headers were found.");
  }
  if (claim.kind() != *kind) return refuse(invalid_header("x-amz-sdk-checksum-algorithm"));
  return {};
}

}  // namespace

Outcome<BodyClaim> read_claim(const Call& call, std::uint64_t size_max, ChecksumSubject subject) {
  BodyClaim claim;
  TRY_LET(claim.size, read_size(call, size_max));
  TRY_LET(claim.md5, read_md5(call));
  if (subject == ChecksumSubject::object) return claim;
  TRY_LET(claim.checksum, read_checksum(call));
  TRY_LET(claim.trailer, read_trailer(call));
  if (claim.checksum && claim.trailer) return refuse(too_many_checksums());
  TRY(check_sdk_algorithm(call, claim));
  return claim;
}

ETagKind etag_kind_of(const catalog::Bucket& bucket) {
  for (const auto& [name, value] : bucket.settings) {
    if (name == "etag" && value == "blake3") return ETagKind::blake3;
  }
  return ETagKind::md5;
}

}  // namespace holdfast::s3
