#include "gateway/s3/object_read.h"

#include "gateway/s3/protocol/times.h"
#include "gateway/s3/upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::s3 {
namespace {

struct Override {
  std::string_view parameter;
  std::string_view header;
};
constexpr auto overrides = std::to_array<Override>({
    {"response-cache-control", "Cache-Control"},
    {"response-content-disposition", "Content-Disposition"},
    {"response-content-encoding", "Content-Encoding"},
    {"response-content-language", "Content-Language"},
    {"response-content-type", "Content-Type"},
    {"response-expires", "Expires"},
});

bool is_header_text(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

// Nothing: the whole object is asked for.
Outcome<std::optional<std::uint32_t>> read_wanted_part(const Call& call) {
  if (!call.target.query.find("partNumber")) return std::nullopt;
  TRY_LET(const std::uint32_t number, read_part_number(call));
  return number;
}

}  // namespace

Outcome<void> check_version(const Call& call) {
  const auto version = call.target.query.find("versionId");
  if (!version || *version == "null") return {};
  return refuse(invalid_argument("Invalid version id specified", "versionId", *version));
}

Outcome<ObjectRead> ObjectRead::create(Call& call) {
  TRY(check_version(call));
  ObjectRead read;
  read.conditions_ = Conditions::read(call.request().headers, "", call.services.clock.wall_now());
  read.range_header_ = call.header("range");
  read.if_range_ = call.header("if-range");
  TRY_LET(read.part_number_, read_wanted_part(call));
  if (read.part_number_ && !read.range_header_.empty()) {
    return refuse(Code::invalid_request,
                  "Cannot specify both Range header and partNumber query parameter");
  }
  return read;
}

Task<Outcome<void>> ObjectRead::find_part(Call& call, catalog::BucketId bucket) {
  if (!part_number_) co_return Outcome<void>();
  auto parts = co_await call.services.catalog.object_parts(bucket, call.key());
  if (!parts) co_return refuse(about_key(parts.error(), call.key()));
  parts_ = *std::move(parts);
  co_return Outcome<void>();
}

Outcome<Range> ObjectRead::choose(const catalog::ObjectInfo& object) {
  if (auto judged = judge_read(conditions_, subject_of(object)); !judged) {
    if (judged.error().code() != Code::not_modified) return refuse(std::move(judged).error());
    // A cache refreshes what it holds from these.
    return refuse(std::move(judged)
                      .error()
                      .with("ETag", quote(object.etag))
                      .with("Last-Modified", format_http_time(object.modified)));
  }
  is_partial_ = false;
  if (part_number_) {
    is_partial_ = true;
    std::uint64_t total = 0;
    for (const auto& part : parts_) total += part.size;
    // The object may have been replaced since its parts were looked up.
    if (parts_.size() != object.part_count || (total != object.size && !parts_.empty())) {
      return refuse(Code::service_unavailable);
    }
    const auto count = std::max<std::size_t>(parts_.size(), 1);
    if (*part_number_ > count) {
      return refuse(S3Error(Code::invalid_part_number)
                        .with("ActualPartCount", std::to_string(count))
                        .with("PartNumberRequested", std::to_string(*part_number_)));
    }
    if (parts_.empty()) return Range{0, object.size};
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i + 1 < *part_number_; ++i) offset += parts_[i].size;
    return Range{offset, parts_[*part_number_ - 1].size};
  }
  if (range_header_.empty()) return Range{0, object.size};
  if (!if_range_.empty() && !allows_range(if_range_, subject_of(object))) {
    return Range{0, object.size};
  }
  TRY_LET(const auto range, parse_range(range_header_, object.size));
  if (!range) return Range{0, object.size};
  is_partial_ = true;
  return *range;
}

Outcome<net::ResponseHead> ObjectRead::make_head(const Call& call,
                                                 const catalog::ObjectInfo& object,
                                                 const Range& range) const {
  net::ResponseHead head;
  head.status = is_partial_ ? 206 : 200;
  head.content_length = range.size;
  // The object's checksum is of the whole, so a range of it comes without; a part has its own.
  const bool wants_checksum = call.header("x-amz-checksum-mode") == "ENABLED";
  const bool is_part = part_number_ && !parts_.empty();
  add_object_headers(head.headers, object, wants_checksum && !is_part && range.size == object.size);
  // Of parts whose checksums merely make that of the whole, S3 tells none.
  const auto whole = checksum_of(object.fields);
  if (wants_checksum && is_part && whole && whole->kind != ChecksumKind::crc64nvme) {
    const auto checksum = find_checksum(parts_[*part_number_ - 1].fields, whole->kind);
    if (checksum) {
      add_checksum_headers(head.headers, *checksum, checksum_form_of(object.fields));
    }
  }
  if (is_partial_ && range.size > 0) {
    head.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", range.offset,
                                                  range.offset + range.size - 1, object.size));
  }
  if (part_number_ && object.part_count > 0) {
    head.headers.add("x-amz-mp-parts-count", std::to_string(object.part_count));
  }
  for (const auto& [parameter, header] : overrides) {
    const auto value = call.target.query.find(parameter);
    if (!value) continue;
    if (!is_header_text(*value)) {
      return refuse(invalid_argument("Header value cannot be represented", parameter, ""));
    }
    head.headers.set(std::string(header), std::string(*value));
  }
  return head;
}

}  // namespace holdfast::s3
