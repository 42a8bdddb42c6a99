#include "bench/s3_calls.h"

#include "base/hex.h"
#include "codec/digest.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::bench {
namespace {

constexpr std::size_t answer_bytes_max = 4 * mib;
constexpr std::size_t small_bytes_max = mib;  // Bodies that are made as a whole.
constexpr std::size_t receive_bytes = 256 * kib;
constexpr std::size_t hash_bytes = mib;  // Between two turns of the loop.

std::string authority_of(std::string_view endpoint) {
  const std::size_t scheme = endpoint.find("://");
  std::string_view rest = scheme == std::string_view::npos ? endpoint : endpoint.substr(scheme + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  return std::string(rest);
}

// What stands in the first element `name` from `at` on, which is moved behind it; empty if there is
// none. The answers read here are flat, and hold no entities in what is looked for.
std::string_view element(std::string_view xml, std::string_view name, std::size_t& at) {
  const std::string open = fmt::format("<{}>", name);
  const std::size_t begin = xml.find(open, at);
  if (begin == std::string_view::npos) return {};
  const std::size_t from = begin + open.size();
  const std::size_t end = xml.find('<', from);
  if (end == std::string_view::npos) return {};
  at = end;
  return xml.substr(from, end - from);
}

std::string_view element(std::string_view xml, std::string_view name) {
  std::size_t at = 0;
  return element(xml, name, at);
}

std::string refusal(unsigned status, std::string_view body) {
  const auto code = element(body, "Code");
  return code.empty() ? std::to_string(status) : fmt::format("{} {}", status, code);
}

net::ClientRequest make_request(std::string method, std::string target) {
  net::ClientRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  return request;
}

ErrorCode code_of(unsigned status) {
  if (status == 404) return ErrorCode::not_found;
  if (status == 409 || status == 412) return ErrorCode::conflict;
  if (status == 401 || status == 403) return ErrorCode::denied;
  if (status == 501) return ErrorCode::unsupported;
  return status < 500 ? ErrorCode::invalid : ErrorCode::unavailable;
}

// Lets others have a turn: hashing a large body keeps the processor for long.
Task<std::string> hash_of(Payload payload, std::uint64_t offset, std::uint64_t size) {
  codec::Sha256 hash;
  Bytes piece(std::min<std::uint64_t>(size, hash_bytes));
  while (size > 0) {
    const auto part = MutableByteView(piece).first(std::min<std::uint64_t>(size, piece.size()));
    payload.read(offset, part);
    hash.update(part);
    offset += part.size();
    size -= part.size();
    co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                               boost::asio::use_awaitable);
  }
  co_return to_hex(hash.finish());
}

// A body that is made while it is sent.
struct PayloadSource {
  Payload payload;
  std::uint64_t offset;

  Task<Result<std::size_t>> read(MutableByteView into) {
    payload.read(offset, into);
    offset += into.size();
    co_return into.size();
  }
};

Task<Result<std::size_t>> read_signed(SignedBody& body, MutableByteView into) {
  co_return body.read(into);
}

}  // namespace

S3Calls::S3Calls(boost::asio::any_io_executor executor, const env::Clock& clock, Target target,
                 std::size_t concurrency)
    : clock_(clock),
      bucket_(std::move(target.bucket)),
      signer_(std::move(target.credentials), authority_of(target.endpoint)),
      client_(std::move(executor), {.endpoint = std::move(target.endpoint),
                                    .ca_file = std::move(target.ca_file),
                                    .verify_peer = target.verify_peer,
                                    .connections_max = concurrency}) {}

std::string S3Calls::target_of(std::string_view key, std::string_view query) const {
  std::string target = fmt::format("/{}", bucket_);
  if (!key.empty()) target += "/" + net::percent_encode(key, "/");
  if (!query.empty()) target.append("?").append(query);
  return target;
}

Task<Result<std::unique_ptr<net::ClientResponse>>> S3Calls::send(net::ClientRequest request,
                                                                 std::string hash) {
  if (!request.headers.contains("Authorization")) {
    CO_TRY(signer_.sign(request, hash, clock_.wall_now()));
  }
  CO_TRY_LET(auto response, co_await client_.send(std::move(request)));
  if (response->status() < 300) co_return response;
  const unsigned status = response->status();
  CO_TRY_LET(const std::string body, co_await net::Client::read_all(*response, answer_bytes_max));
  co_return fail(code_of(status), refusal(status, body));
}

Task<Result<S3Calls::Answer>> S3Calls::exchange(net::ClientRequest request, std::string hash) {
  CO_TRY_LET(const auto response, co_await send(std::move(request), std::move(hash)));
  Answer answer;
  CO_TRY_LET(answer.body, co_await net::Client::read_all(*response, answer_bytes_max));
  answer.etag = response->headers().find("ETag").value_or("");
  co_return answer;
}

Task<Result<void>> S3Calls::create_bucket() {
  net::ClientRequest request = make_request("PUT", target_of({}));
  const auto made = co_await exchange(std::move(request), payload_hash({}));
  const bool is_there = !made && made.error().code() == ErrorCode::conflict;
  if (made || is_there) co_return Result<void>();
  co_return fail(made.error().code(),
                 fmt::format("create the bucket {}: {}", bucket_, made.error().context()));
}

Task<Result<S3Calls::Answer>> S3Calls::upload(std::string target, Payload payload,
                                              std::uint64_t offset, std::uint64_t size,
                                              Protection protection) {
  net::ClientRequest request = make_request("PUT", std::move(target));
  if (protection == Protection::chunks) {
    request.headers.add("Content-Encoding", "aws-chunked");
    request.headers.add("x-amz-decoded-content-length", std::to_string(size));
    CO_TRY_LET(Signed head, signer_.sign(request, std::string(signed_chunks), clock_.wall_now()));
    SignedBody body(std::move(head), payload, offset, size);
    request.content_length = SignedBody::coded_bytes(size);
    request.body_source = [&body](MutableByteView into) { return read_signed(body, into); };
    co_return co_await exchange(std::move(request), {});
  }
  Bytes whole;
  PayloadSource source{payload, offset};
  std::string hash(unsigned_payload);
  if (size <= small_bytes_max) {
    whole.resize(size);
    payload.read(offset, whole);
    request.body = whole;
    if (protection == Protection::hash) hash = payload_hash(whole);
  } else {
    if (protection == Protection::hash) hash = co_await hash_of(payload, offset, size);
    request.content_length = size;
    request.body_source = [&source](MutableByteView into) { return source.read(into); };
  }
  co_return co_await exchange(std::move(request), std::move(hash));
}

Task<Result<std::uint64_t>> S3Calls::put(std::string key, Content content, Protection protection) {
  CO_TRY(co_await upload(target_of(key), content.payload, 0, content.size, protection));
  co_return content.size;
}

Task<Result<std::uint64_t>> S3Calls::get(std::string key, Content expected, bool compares) {
  net::ClientRequest request = make_request("GET", target_of(key));
  CO_TRY_LET(const auto response, co_await send(std::move(request), payload_hash({})));
  Bytes piece(std::clamp<std::uint64_t>(expected.size, 1, receive_bytes));
  std::uint64_t received = 0;
  for (;;) {
    CO_TRY_LET(const std::size_t got, co_await response->read(piece));
    if (got == 0) break;
    if (compares && !expected.payload.holds(received, ByteView(piece).first(got))) {
      co_return fail(ErrorCode::corrupt, "wrong bytes");
    }
    received += got;
  }
  if (received != expected.size) co_return fail(ErrorCode::corrupt, "wrong size");
  co_return received;
}

Task<Result<std::uint64_t>> S3Calls::stat(std::string key) {
  net::ClientRequest request = make_request("HEAD", target_of(key));
  CO_TRY(co_await exchange(std::move(request), payload_hash({})));
  co_return std::uint64_t{0};
}

Task<Result<std::uint64_t>> S3Calls::remove(std::string key) {
  net::ClientRequest request = make_request("DELETE", target_of(key));
  CO_TRY(co_await exchange(std::move(request), payload_hash({})));
  co_return std::uint64_t{0};
}

Task<Result<S3Calls::Page>> S3Calls::list(std::string prefix, std::string after) {
  std::string query = "list-type=2&max-keys=1000&prefix=" + net::percent_encode(prefix);
  if (!after.empty()) query += "&start-after=" + net::percent_encode(after);
  net::ClientRequest request = make_request("GET", target_of({}, query));
  CO_TRY_LET(const Answer answer, co_await exchange(std::move(request), payload_hash({})));
  Page page;
  std::size_t at = 0;
  std::string_view last;
  for (auto key = element(answer.body, "Key", at); !key.empty();
       key = element(answer.body, "Key", at)) {
    ++page.count;
    last = key;
  }
  if (element(answer.body, "IsTruncated") == "true") page.last = last;
  co_return page;
}

Task<Result<std::uint64_t>> S3Calls::put_in_parts(std::string key, Content content,
                                                  std::uint64_t part_bytes, Protection protection) {
  net::ClientRequest create = make_request("POST", target_of(key, "uploads"));
  CO_TRY_LET(const Answer created, co_await exchange(std::move(create), payload_hash({})));
  const std::string upload_id(element(created.body, "UploadId"));
  if (upload_id.empty()) co_return fail(ErrorCode::invalid, "an upload without an id");
  const std::string id_query = "uploadId=" + net::percent_encode(upload_id);
  std::string parts;
  int number = 1;
  for (std::uint64_t offset = 0; offset < content.size; offset += part_bytes, ++number) {
    const std::uint64_t size = std::min(part_bytes, content.size - offset);
    CO_TRY_LET(const Answer part,
               co_await upload(target_of(key, fmt::format("partNumber={}&{}", number, id_query)),
                               content.payload, offset, size, protection));
    parts +=
        fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, part.etag);
  }
  const std::string body =
      fmt::format("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts);
  net::ClientRequest complete = make_request("POST", target_of(key, id_query));
  complete.body = as_bytes(body);
  CO_TRY_LET(const Answer completed,
             co_await exchange(std::move(complete), payload_hash(as_bytes(body))));
  // The status may have gone out before the outcome was known.
  if (completed.body.find("<Error>") != std::string::npos) {
    co_return fail(ErrorCode::unavailable, refusal(200, completed.body));
  }
  co_return content.size;
}

}  // namespace holdfast::bench
