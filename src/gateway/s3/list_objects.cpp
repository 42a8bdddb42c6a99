// ListObjects, in its first and second version: keys in byte order, page by page.
#include "gateway/s3/listing.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {
namespace {

struct Listing {
  catalog::ListRequest request;
  bool is_encoded = false;
};

Outcome<Listing> read_listing(const Call& call, catalog::BucketId bucket) {
  Listing listing;
  listing.request.bucket = bucket;
  listing.request.prefix = call.parameter("prefix");
  listing.request.delimiter = call.parameter("delimiter");
  TRY_LET(listing.request.count_max, read_count(call, "max-keys"));
  TRY_LET(listing.is_encoded, read_encoding(call));
  return listing;
}

// A page of no keys is never truncated, or clients would ask for ever.
Task<Outcome<catalog::ListPage>> read_page(Call& call, const Listing& listing) {
  if (listing.request.count_max == 0) co_return catalog::ListPage();
  co_return co_await call.services.catalog.list(listing.request);
}

void write_request(XmlWriter& writer, const Call& call, const Listing& listing) {
  const auto& request = listing.request;
  writer.element("Name", call.bucket());
  if (!request.prefix.empty()) {
    writer.element("Prefix", spell(request.prefix, listing.is_encoded));
  }
  if (!request.delimiter.empty()) {
    writer.element("Delimiter", spell(request.delimiter, listing.is_encoded));
  }
  if (listing.is_encoded) writer.element("EncodingType", "url");
  writer.element("MaxKeys", std::uint64_t{request.count_max});
}

}  // namespace

Task<Outcome<void>> list_objects(Call& call) {
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  CO_TRY_LET(Listing listing, read_listing(call, bucket.id));
  const auto marker = call.parameter("marker");
  set_marker(listing.request, marker);
  CO_TRY_LET(const catalog::ListPage page, co_await read_page(call, listing));
  const auto owner = co_await find_owner(call, bucket);
  XmlWriter writer("ListBucketResult");
  write_request(writer, call, listing);
  if (!marker.empty()) writer.element("Marker", spell(marker, listing.is_encoded));
  writer.element("IsTruncated", page.is_truncated);
  if (page.is_truncated) writer.element("NextMarker", spell(page.next, listing.is_encoded));
  for (const auto& object : page.objects) write_object(writer, object, listing.is_encoded, &owner);
  write_prefixes(writer, page.prefixes, listing.is_encoded);
  co_return co_await call.respond_xml(std::move(writer));
}

Task<Outcome<void>> list_objects_v2(Call& call) {
  if (call.parameter("list-type") != "2") {
    co_return refuse(invalid_argument("Invalid List Type specified in Request", "list-type",
                                      call.parameter("list-type")));
  }
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  CO_TRY_LET(Listing listing, read_listing(call, bucket.id));
  const auto start_after = call.parameter("start-after");
  const auto token = call.target.query.find("continuation-token");
  if (token) {
    CO_TRY(read_token(listing.request, *token));
  } else {
    set_marker(listing.request, start_after);
  }
  CO_TRY_LET(const catalog::ListPage page, co_await read_page(call, listing));
  const bool shows_owner = call.parameter("fetch-owner") == "true";
  const auto owner = co_await find_owner(call, bucket);
  XmlWriter writer("ListBucketResult");
  write_request(writer, call, listing);
  if (!start_after.empty()) {
    writer.element("StartAfter", spell(start_after, listing.is_encoded));
  }
  if (token) writer.element("ContinuationToken", *token);
  writer.element("KeyCount", std::uint64_t{page.objects.size() + page.prefixes.size()});
  writer.element("IsTruncated", page.is_truncated);
  if (page.is_truncated) writer.element("NextContinuationToken", make_token(page));
  for (const auto& object : page.objects) {
    write_object(writer, object, listing.is_encoded, shows_owner ? &owner : nullptr);
  }
  write_prefixes(writer, page.prefixes, listing.is_encoded);
  co_return co_await call.respond_xml(std::move(writer));
}

}  // namespace holdfast::s3
