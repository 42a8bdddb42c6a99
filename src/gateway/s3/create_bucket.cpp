// CreateBucket: a new, empty bucket of the caller's, in this grid's one region.
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

constexpr std::size_t document_bytes_max = 64 * kib;

S3Error refuse_location(std::string_view location) {
  return S3Error(Code::invalid_location_constraint)
      .with("LocationConstraint", std::string(location));
}

Outcome<void> check_configuration(const Call& call, const std::string& text) {
  if (text.find_first_not_of(" \t\r\n") == text.npos) return {};
  TRY_LET(const XmlDocument document, XmlDocument::parse(text, "CreateBucketConfiguration"));
  for (const auto& element : document.root().children()) {
    if (element.name() == "LocationConstraint") {
      const auto location = element.text();
      // The first region has no constraint that names it.
      const bool is_ours = location == call.services.region && location != "us-east-1";
      if (!location.empty() && !is_ours) return refuse(refuse_location(location));
    } else if (element.name() == "Tags") {
      if (!element.children().empty()) return refuse(Code::not_implemented);
    } else {
      return refuse(Code::not_implemented);
    }
  }
  return {};
}

}  // namespace

Task<Outcome<void>> create_bucket(Call& call) {
  CO_TRY_LET(const std::string text, co_await read_document(call, document_bytes_max));
  CO_TRY(check_configuration(call, text));
  auto created =
      co_await call.services.catalog.create_bucket(call.bucket(), call.user.id, catalog::Fields());
  if (!created) {
    if (created.error().code() != ErrorCode::already_exists) {
      co_return refuse(S3Error(created.error()));
    }
    const auto existing = co_await call.services.catalog.find_bucket(call.bucket());
    const bool is_own = existing && existing->owner == call.user.id;
    co_return refuse(
        S3Error(is_own ? Code::bucket_already_owned_by_you : Code::bucket_already_exists)
            .with("BucketName", call.bucket()));
  }
  net::ResponseHead head;
  head.headers.add("Location", "/" + call.bucket());
  head.headers.add("x-amz-bucket-arn", "arn:aws:s3:::" + call.bucket());
  co_return co_await call.respond(std::move(head), {});
}

}  // namespace holdfast::s3
