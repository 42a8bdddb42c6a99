#include "gateway/s3/call.h"

#include "base/hex.h"
#include "base/log.h"
#include "gateway/s3/body.h"

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

S3Error no_such_bucket(const std::string& name) {
  return S3Error(Code::no_such_bucket).with("BucketName", name);
}

void write_error(XmlWriter& writer, const S3Error& error) {
  writer.element("Code", describe(error.code()).name);
  writer.element("Message", error.message());
  for (const auto& [name, value] : error.fields()) writer.element(name, value);
}

}  // namespace

std::string owner_id(catalog::UserId user) {
  return fmt::format("{:012}", user);
}

Task<Outcome<catalog::Bucket>> Call::open_bucket() {
  CO_TRY_LET(catalog::Bucket bucket, co_await open_bucket(target.bucket));
  const auto expected = header("x-amz-expected-bucket-owner");
  if (!expected.empty() && expected != owner_id(bucket.owner)) {
    co_return refuse(Code::access_denied);
  }
  co_return bucket;
}

Task<Outcome<catalog::Bucket>> Call::open_bucket(std::string name) {
  auto found = co_await services.catalog.find_bucket(name);
  if (!found) {
    if (found.error().code() == ErrorCode::not_found) co_return refuse(no_such_bucket(name));
    co_return refuse(S3Error(found.error()));
  }
  if (found->owner != user.id && !user.is_admin) co_return refuse(Code::access_denied);
  co_return *std::move(found);
}

void add_common_headers(net::ResponseHead& head, std::string_view request_id) {
  head.headers.add("x-amz-request-id", std::string(request_id));
  head.headers.add("Server", "Holdfast");
}

Task<Outcome<void>> Call::respond(net::ResponseHead head, std::string body) {
  add_common_headers(head, request_id);
  // A peer that is gone needs no answer, and nobody else can use the error.
  (void)co_await exchange.respond(std::move(head), std::move(body));
  co_return Outcome<void>();
}

Task<Outcome<void>> Call::respond_xml(XmlWriter writer) {
  net::ResponseHead head;
  head.headers.add("Content-Type", "application/xml");
  co_return co_await respond(std::move(head), std::move(writer).finish());
}

Task<Outcome<void>> Call::respond_empty(unsigned status) {
  net::ResponseHead head;
  head.status = status;
  co_return co_await respond(std::move(head), {});
}

Task<void> respond_error(net::Exchange& exchange, std::string_view request_id, S3Error error) {
  const auto& request = exchange.request();
  const auto description = describe(error.code());
  if (description.status >= 500 && !error.detail().empty()) {
    log::write(log::Level::error, request_id,
               fmt::format("{} {}: {}", request.method,
                           request.target.substr(0, request.target.find('?')), error.detail()));
  }
  // A body that has begun cannot become an error: the peer must see that it is incomplete.
  if (exchange.has_started()) {
    exchange.abort();
    co_return;
  }
  net::ResponseHead head;
  head.status = description.status;
  add_common_headers(head, request_id);
  std::string body;
  if (description.status == 304) {
    for (const auto& [name, value] : error.fields()) head.headers.add(name, value);
  } else if (request.method != "HEAD") {
    XmlWriter writer("Error", "");
    write_error(writer, error);
    writer.element("Resource", request.target.substr(0, request.target.find('?')));
    writer.element("RequestId", request_id);
    writer.element("HostId", request_id);
    body = std::move(writer).finish();
    head.headers.add("Content-Type", "application/xml");
  }
  (void)co_await exchange.respond(std::move(head), std::move(body));
}

S3Error about_key(Error error, std::string_view key) {
  if (error.code() != ErrorCode::not_found) return S3Error(error);
  return S3Error(Code::no_such_key).with("Key", std::string(key));
}

S3Error about_upload(Error error, std::string_view upload) {
  if (error.code() != ErrorCode::not_found) return S3Error(error);
  return S3Error(Code::no_such_upload).with("UploadId", std::string(upload));
}

Subject subject_of(const catalog::ObjectInfo& object) {
  return {.etag = object.etag, .modified = object.modified, .size = object.size};
}

catalog::Condition WriteGuard::condition() {
  if (!conditions_.if_match && !conditions_.if_none_match) return {};
  return [this](const catalog::ObjectInfo* existing) -> Result<void> {
    std::optional<Subject> subject;
    if (existing != nullptr) subject = subject_of(*existing);
    auto judged = judge_write(conditions_, subject);
    if (judged) return {};
    refusal_ = std::move(judged).error();
    return fail(ErrorCode::conflict, "a condition of the request does not hold");
  };
}

S3Error WriteGuard::explain(Error error) const {
  return refusal_ ? *refusal_ : S3Error(error);
}

}  // namespace holdfast::s3
