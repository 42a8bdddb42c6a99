// The parsing half of sigv4.h: from headers or a query to a checked Authorization.
#include "gateway/s3/protocol/sigv4.h"

#include "base/number.h"
#include "gateway/s3/protocol/times.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t signed_headers_max = 256;

struct CredentialScope {
  std::string access_key;
  std::string date;
  std::string region;
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A fault in the credential is told in the words of the place where it stood.
std::unexpected<S3Error> refuse_header(std::string_view what) {
  return refuse(Code::authorization_header_malformed,
                fmt::format("The authorization header is malformed; {}", what));
}
std::unexpected<S3Error> refuse_query(std::string what) {
  return refuse(Code::authorization_query_parameters, std::move(what));
}
std::unexpected<S3Error> refuse_credential(bool is_query, std::string_view what) {
  if (is_query) {
    return refuse_query(fmt::format("Error parsing the X-Amz-Credential parameter; {}", what));
  }
  return refuse_header(what);
}

bool is_date(std::string_view text) {
  return text.size() == 8 && parse_amz_time(std::string(text) + "T000000Z");
}

// ACCESS-KEY/yyyymmdd/region/s3/aws4_request, where the access key itself may have slashes.
Outcome<CredentialScope> parse_credential(std::string_view text, bool is_query) {
  const auto parts = split(text, '/');
  if (parts.size() != 5 || parts.front().empty()) {
    return refuse_credential(is_query,
                             fmt::format("the Credential is mal-formed; expecting \"{}\".",
                                         "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"));
  }
  if (parts[4] != "aws4_request") {
    return refuse_credential(
        is_query,
        fmt::format("incorrect terminal \"{}\". This endpoint uses \"aws4_request\".", parts[4]));
  }
  if (parts[3] != "s3") {
    return refuse_credential(
        is_query,
        fmt::format("incorrect service \"{}\". This endpoint belongs to \"s3\".", parts[3]));
  }
  if (!is_date(parts[1])) {
    return refuse_credential(
        is_query, fmt::format("incorrect date format \"{}\". This date in the credential must be "
                              "in the format \"yyyyMMdd\".",
                              parts[1]));
  }
  return CredentialScope{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

struct HeaderParts {
  std::string_view credential;
  std::string_view signed_headers;
  std::string_view signature;
};

Outcome<HeaderParts> split_header(std::string_view header) {
  const auto space = header.find(' ');
  if (space == header.npos) {
    return refuse(invalid_argument(
        "Authorization header is invalid -- one and only one ' ' (space) required.",
        "Authorization", header));
  }
  const auto kind = header.substr(0, space);
  if (kind == "AWS") {
    return refuse(Code::invalid_request,
                  "The authorization mechanism you have provided is not supported. Please use "
                  "AWS4-HMAC-SHA256.");
  }
  if (kind != algorithm) {
    return refuse(invalid_argument("Unsupported Authorization Type", "Authorization", kind));
  }
  const auto parts = split(header.substr(space + 1), ',');
  if (parts.size() != 3) {
    return refuse_header(
        "the authorization header requires three components: Credential, SignedHeaders, and "
        "Signature.");
  }
  HeaderParts found;
  for (auto part : parts) {
    part = trim(part);
    const auto equals = part.find('=');
    if (equals == part.npos) {
      return refuse_header(fmt::format("the authorization component \"{}\" is malformed.", part));
    }
    const auto name = part.substr(0, equals);
    const auto value = part.substr(equals + 1);
    if (name == "Credential") found.credential = value;
    if (name == "SignedHeaders") found.signed_headers = value;
    if (name == "Signature") found.signature = value;
  }
  if (found.credential.empty()) return refuse_header("missing Credential.");
  if (found.signed_headers.empty()) return refuse_header("missing SignedHeaders.");
  if (found.signature.empty()) return refuse_header("missing Signature.");
  return found;
}

std::vector<std::string> parse_signed_headers(std::string_view text) {
  std::vector<std::string> names;
  for (const auto part : split(text, ';')) {
    std::string name(trim(part));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (!name.empty() && names.size() < signed_headers_max) names.push_back(std::move(name));
  }
  return names;
}

// What an attacker could change unnoticed must not change what the request means.
Outcome<void> check_signed_headers(const Authorization& authorization,
                                   const net::Request& request) {
  std::string missing;
  const auto require = [&](std::string name) {
    if (has(authorization.signed_headers, name)) return;
    missing.append(missing.empty() ? "" : ", ").append(name);
  };
  require("host");
  for (const auto& [field, value] : request.headers.fields()) {
    std::string name = field;
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (name == "x-amz-content-sha256" && authorization.is_presigned) continue;
    if (name.starts_with("x-amz-")) require(std::move(name));
  }
  if (missing.empty()) return {};
  return refuse(S3Error(Code::access_denied,
                        "There were headers present in the request which were not signed")
                    .with("HeadersNotSigned", std::move(missing)));
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

Outcome<Payload> parse_payload(std::string_view text) {
  if (text == "UNSIGNED-PAYLOAD") return Payload::not_signed;
  if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return Payload::signed_chunks;
  if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
    return Payload::signed_chunks_with_trailer;
  }
  if (text == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return Payload::chunks_with_trailer;
  if (is_sha256(text)) return Payload::hashed;
  if (text.starts_with("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")) {
    return refuse(Code::not_implemented,
                  fmt::format("The chunk encoding algorithm {} is not supported.", text));
  }
  return refuse(invalid_argument(
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
      "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
      "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, "
      "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
      "x-amz-content-sha256", text));
}

Outcome<WallTime> read_request_time(const net::Request& request, WallTime now) {
  const auto refusal =
      refuse(Code::access_denied, "AWS authentication requires a valid Date or x-amz-date header.");
  std::optional<WallTime> time;
  const auto amz_date = request.headers.find("x-amz-date").value_or("");
  if (!amz_date.empty()) {
    time = parse_amz_time(amz_date);
  } else if (const auto date = request.headers.find("date")) {
    time = parse_amz_time(*date);
    if (!time) time = parse_http_time(*date);
  }
  if (!time) return refusal;
  const auto distance =
      *time > now ? time->since_epoch - now.since_epoch : now.since_epoch - time->since_epoch;
  if (distance > clock_skew_max) {
    const auto milliseconds = std::chrono::milliseconds(clock_skew_max).count();
    return refuse(S3Error(Code::request_time_too_skewed)
                      .with("RequestTime", format_amz_time(*time))
                      .with("ServerTime", format_iso_time(now))
                      .with("MaxAllowedSkewMilliseconds", std::to_string(milliseconds)));
  }
  return *time;
}

Outcome<Authorization> read_header(const net::Request& request, std::string_view header,
                                   std::string_view region, WallTime now) {
  TRY_LET(const WallTime time, read_request_time(request, now));
  TRY_LET(const HeaderParts parts, split_header(header));
  TRY_LET(CredentialScope scope, parse_credential(parts.credential, false));
  if (scope.region != region) {
    auto error = refuse_header(
        fmt::format("the region \"{}\" is wrong; expecting \"{}\"", scope.region, region));
    return refuse(std::move(error).error().with("Region", std::string(region)));
  }
  Authorization found;
  found.timestamp = format_amz_time(time);
  if (!found.timestamp.starts_with(scope.date)) {
    return refuse_header(
        "The authorization header is malformed; Invalid credential date. Date is not the same as "
        "X-Amz-Date.");
  }
  const auto hash = request.headers.find("x-amz-content-sha256").value_or("");
  if (hash.empty()) {
    return refuse(Code::invalid_request,
                  "Missing required header for this request: x-amz-content-sha256");
  }
  TRY_LET(found.payload, parse_payload(hash));
  found.payload_hash = hash;
  found.access_key = std::move(scope.access_key);
  found.date = std::move(scope.date);
  found.region = std::move(scope.region);
  found.signed_headers = parse_signed_headers(parts.signed_headers);
  found.signature = parts.signature;
  return found;
}

Outcome<void> check_life(std::string_view expires, WallTime signed_at, WallTime now) {
  const auto seconds = parse_number<std::int64_t>(expires);
  if (!seconds) return refuse_query("X-Amz-Expires should be a number");
  if (*seconds < 0) return refuse_query("X-Amz-Expires must be non-negative");
  if (*seconds > presigned_life_max.count()) {
    return refuse_query(
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
        "must be less than 604800 seconds");
  }
  if (signed_at.since_epoch - clock_skew_max > now.since_epoch) {
    return refuse(Code::access_denied, "Request is not valid yet.");
  }
  const WallTime end_of_life{signed_at.since_epoch + std::chrono::seconds(*seconds)};
  if (end_of_life < now) {
    return refuse(S3Error(Code::access_denied, "Request has expired.")
                      .with("X-Amz-Expires", std::string(expires))
                      .with("Expires", format_iso_time(end_of_life))
                      .with("ServerTime", format_iso_time(now)));
  }
  return {};
}

Outcome<Authorization> read_query(const net::Request& request, const Target& target,
                                  std::string_view region, WallTime now) {
  const auto get = [&](std::string_view name) { return target.query.find(name).value_or(""); };
  const auto kind = get("X-Amz-Algorithm");
  if (kind == "AWS4-ECDSA-P256-SHA256") {
    return refuse_query("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  }
  if (!kind.empty() && kind != algorithm) {
    return refuse_query(
        "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"");
  }
  if (kind.empty() || get("X-Amz-Credential").empty()) {
    return refuse(Code::authorization_query_parameters);
  }
  TRY_LET(CredentialScope scope, parse_credential(get("X-Amz-Credential"), true));
  if (target.query.contains("X-Amz-Security-Token")) return refuse(Code::invalid_token);
  if (scope.region != region) {
    return refuse_credential(
        true, fmt::format("the region \"{}\" is wrong; expecting \"{}\"", scope.region, region));
  }
  const auto date = get("X-Amz-Date");
  if (date.empty()) return refuse(Code::authorization_query_parameters);
  const auto time = parse_amz_time(date);
  if (!time) {
    return refuse_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  if (!date.starts_with(scope.date)) {
    return refuse_query(fmt::format(
        "Invalid credential date \"{}\". This date is not the same as X-Amz-Date: \"{}\".",
        scope.date, date.substr(0, 8)));
  }
  for (const auto name : {"X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Expires"}) {
    if (get(name).empty()) return refuse(Code::authorization_query_parameters);
  }
  TRY(check_life(get("X-Amz-Expires"), *time, now));
  Authorization found;
  found.is_presigned = true;
  found.timestamp = date;
  // The body of a presigned request is free unless its hash was signed along.
  const auto hash = request.headers.find("x-amz-content-sha256").value_or("UNSIGNED-PAYLOAD");
  TRY_LET(found.payload, parse_payload(hash));
  found.signed_headers = parse_signed_headers(get("X-Amz-SignedHeaders"));
  const bool is_hash_signed = has(found.signed_headers, "x-amz-content-sha256");
  found.payload_hash = is_hash_signed ? std::string(hash) : "UNSIGNED-PAYLOAD";
  // A hash that nobody signed proves nothing.
  if (!is_hash_signed && found.payload == Payload::hashed) found.payload = Payload::not_signed;
  found.access_key = std::move(scope.access_key);
  found.date = std::move(scope.date);
  found.region = std::move(scope.region);
  found.signature = get("X-Amz-Signature");
  return found;
}

}  // namespace

Outcome<std::optional<Authorization>> read_authorization(const net::Request& request,
                                                         const Target& target,
                                                         std::string_view region, WallTime now) {
  const auto& query = target.query;
  const auto header = request.headers.find("authorization");
  const bool is_presigned = query.contains("X-Amz-Algorithm") || query.contains("X-Amz-Expires") ||
                            query.contains("X-Amz-Credential");
  if (!is_presigned && query.contains("AWSAccessKeyId") && query.contains("Signature")) {
    return refuse(Code::invalid_request,
                  "The authorization mechanism you have provided is not supported. Please use "
                  "AWS4-HMAC-SHA256.");
  }
  if (!header && !is_presigned) return std::nullopt;
  if (header && is_presigned) {
    return refuse(invalid_argument(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
        "query string parameter or the Authorization header should be specified",
        "Authorization", *header));
  }
  TRY_LET(Authorization found, is_presigned ? read_query(request, target, region, now)
                                            : read_header(request, *header, region, now));
  if (request.headers.contains("x-amz-security-token")) return refuse(Code::invalid_token);
  TRY(check_signed_headers(found, request));
  return found;
}

}  // namespace holdfast::s3
