// ListBuckets: the caller's own; an admin sees all.
#include "codec/base64.h"

#include "base/number.h"
#include "gateway/s3/protocol/times.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

constexpr std::size_t buckets_max = 10'000;

Outcome<std::size_t> read_count(const Call& call) {
  const auto text = call.target.query.find("max-buckets");
  if (!text) return buckets_max;
  const auto count = parse_number<std::size_t>(*text);
  if (!count || *count == 0 || *count > buckets_max) {
    return refuse(invalid_argument("Argument max-buckets must be an integer between 1 and 10000.",
                                   "max-buckets", *text));
  }
  return *count;
}

}  // namespace

Task<Outcome<void>> list_buckets(Call& call) {
  CO_TRY_LET(const std::size_t count, read_count(call));
  const auto token = codec::from_base64(call.parameter("continuation-token"));
  if (!token) {
    co_return refuse(invalid_argument("The continuation token provided is incorrect",
                                      "continuation-token", call.parameter("continuation-token")));
  }
  const std::string prefix(call.parameter("prefix"));
  const auto owner = call.user.is_admin ? std::nullopt : std::optional(call.user.id);
  CO_TRY_LET(auto buckets, co_await call.services.catalog.list_buckets(
                               owner, prefix, std::string(as_text(*token)), count + 1));
  const bool is_truncated = buckets.size() > count;
  if (is_truncated) buckets.resize(count);
  XmlWriter writer("ListAllMyBucketsResult");
  writer.open("Owner");
  writer.element("ID", owner_id(call.user.id));
  writer.element("DisplayName", call.user.name);
  writer.close();
  writer.open("Buckets");
  for (const auto& bucket : buckets) {
    writer.open("Bucket");
    writer.element("Name", bucket.name);
    writer.element("CreationDate", format_iso_time(bucket.created));
    writer.element("BucketRegion", call.services.region);
    writer.close();
  }
  writer.close();
  if (!prefix.empty()) writer.element("Prefix", prefix);
  if (is_truncated) {
    writer.element("ContinuationToken", codec::to_base64(as_bytes(buckets.back().name)));
  }
  co_return co_await call.respond_xml(std::move(writer));
}

}  // namespace holdfast::s3
