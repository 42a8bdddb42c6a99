#include "gateway/s3/copy_source.h"

#include "gateway/s3/protocol/names.h"

#include <algorithm>

namespace holdfast::s3 {

Outcome<CopySource> CopySource::create(const Call& call) {
  constexpr std::string_view name = "x-amz-copy-source";
  constexpr std::string_view version_mark = "?versionId=";
  const auto header = call.header(name);
  std::string spaced(header);
  std::ranges::replace(spaced, '+', ' ');
  const auto decoded = net::percent_decode(spaced);
  if (!decoded) return refuse(invalid_argument("Invalid copy source encoding", name, header));
  std::string_view text = *decoded;
  if (text.starts_with('/')) text.remove_prefix(1);
  const auto version = text.rfind(version_mark);
  if (version != text.npos) {
    const auto id = text.substr(version + version_mark.size());
    if (id != "null") {
      return refuse(invalid_argument("Invalid version id specified", "versionId", id));
    }
    text = text.substr(0, version);
  }
  const auto slash = std::min(text.find('/'), text.size());
  CopySource source;
  source.bucket_ = text.substr(0, slash);
  if (!check_bucket_name(source.bucket_)) {
    return refuse(invalid_argument("Invalid copy source bucket name", name, header));
  }
  if (slash < text.size()) source.key_ = text.substr(slash + 1);
  if (!check_key(source.key_)) {
    return refuse(invalid_argument("Invalid copy source object key", name, header));
  }
  source.conditions_ = Conditions::read(call.request().headers, "x-amz-copy-source-",
                                        call.services.clock.wall_now());
  return source;
}

Task<Outcome<catalog::ObjectInfo>> CopySource::look_up(Call& call) {
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket(bucket_));
  bucket_id_ = bucket.id;
  const auto expected = call.header("x-amz-source-expected-bucket-owner");
  if (!expected.empty() && expected != owner_id(bucket.owner)) {
    co_return refuse(Code::access_denied);
  }
  auto object = co_await call.services.catalog.head(bucket_id_, key_);
  if (!object) co_return refuse(about_key(object.error(), key_));
  CO_TRY(judge_copy_source(conditions_, subject_of(*object)));
  co_return *std::move(object);
}

catalog::Catalog::Source CopySource::pinned(const catalog::ObjectInfo& seen) const {
  return {
      .bucket = bucket_id_,
      .key = key_,
      .condition = [this, version = seen.version](const catalog::ObjectInfo* now) -> Result<void> {
        if (now != nullptr && now->version == version) return {};
        has_moved_ = true;
        return fail(ErrorCode::conflict, "the source changed while it was copied");
      }};
}

}  // namespace holdfast::s3
