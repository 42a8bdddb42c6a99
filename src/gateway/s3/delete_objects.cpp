// DeleteObjects: up to a thousand keys in one request, each with an outcome of its own.
#include "gateway/s3/protocol/checksums.h"
#include "gateway/s3/protocol/names.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

constexpr std::size_t keys_max = 1000;
constexpr std::size_t document_bytes_max = 2 * mib;

struct Deletion {
  std::string key;
  std::optional<std::string> version;
  DeleteConditions conditions;
};

struct Deletions {
  std::vector<Deletion> items;
  bool is_quiet = false;
};

Outcome<Deletions> parse(const std::string& text) {
  TRY_LET(const XmlDocument document, XmlDocument::parse(text, "Delete"));
  Deletions deletions;
  deletions.is_quiet = document.root().child_text("Quiet") == "true";
  for (const auto& object : document.root().children("Object")) {
    Deletion deletion;
    const auto key = object.child_text("Key");
    if (!key) return refuse(Code::malformed_xml);
    deletion.key = *key;
    deletion.version = object.child_text("VersionId");
    deletion.conditions.if_match = object.child_text("ETag");
    deletions.items.push_back(std::move(deletion));
  }
  if (deletions.items.size() > keys_max) return refuse(Code::malformed_xml);
  return deletions;
}

Task<Outcome<void>> remove(Call& call, catalog::BucketId bucket, const Deletion& deletion) {
  CO_TRY(check_key(deletion.key));
  if (deletion.version && !deletion.version->empty() && *deletion.version != "null") {
    co_return refuse(Code::no_such_version);
  }
  std::optional<S3Error> refusal;
  catalog::Condition condition;
  if (!deletion.conditions.is_empty()) {
    condition = [&](const catalog::ObjectInfo* existing) -> Result<void> {
      std::optional<Subject> subject;
      if (existing != nullptr) subject = subject_of(*existing);
      auto judged = judge_delete(deletion.conditions, subject);
      if (judged) return {};
      refusal = std::move(judged).error();
      return fail(ErrorCode::conflict, "a condition of the request does not hold");
    };
  }
  const auto removed =
      co_await call.services.catalog.remove(bucket, deletion.key, std::move(condition));
  if (refusal) co_return refuse(*refusal);
  if (!removed) co_return refuse(S3Error(removed.error()));
  co_return Outcome<void>();
}

bool has_integrity(const Call& call) {
  for (const auto& [name, value] : call.request().headers.fields()) {
    if (net::equals_ignoring_case(name, "content-md5")) return true;
    for (const auto kind : checksum_kinds) {
      if (net::equals_ignoring_case(name, header_of(kind))) return true;
    }
  }
  return false;
}

}  // namespace

Task<Outcome<void>> delete_objects(Call& call) {
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  if (!has_integrity(call)) {
    co_return refuse(Code::invalid_request,
                     "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  CO_TRY_LET(const std::string text, co_await read_document(call, document_bytes_max));
  CO_TRY_LET(const Deletions deletions, parse(text));
  XmlWriter writer("DeleteResult");
  for (const auto& deletion : deletions.items) {
    const auto removed = co_await remove(call, bucket.id, deletion);
    if (removed && deletions.is_quiet) continue;
    writer.open(removed ? "Deleted" : "Error");
    writer.element("Key", deletion.key);
    if (deletion.version) writer.element("VersionId", *deletion.version);
    if (!removed) {
      writer.element("Code", describe(removed.error().code()).name);
      writer.element("Message", removed.error().message());
    }
    writer.close();
  }
  co_return co_await call.respond_xml(std::move(writer));
}

}  // namespace holdfast::s3
