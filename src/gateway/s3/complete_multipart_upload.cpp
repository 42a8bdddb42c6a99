// CompleteMultipartUpload: the chosen parts become one object, in one step.
#include "gateway/s3/protocol/names.h"

#include "base/number.h"
#include "gateway/s3/upload.h"
#include "gateway/s3/verbs.h"

#include "base/hex.h"
#include "codec/digest.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

constexpr std::size_t document_bytes_max = 4 * mib;  // 10,000 parts with a checksum each.

struct ChosenPart {
  std::uint32_t number = 0;
  std::string etag;  // Without quotes.
  std::vector<Checksum> checksums;
};

std::string unquote(std::string etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    return etag.substr(1, etag.size() - 2);
  }
  return etag;
}

Outcome<ChosenPart> parse_part(const XmlDocument::Element& element) {
  ChosenPart part;
  const auto number = element.child_text("PartNumber");
  const auto etag = element.child_text("ETag");
  if (!number || !etag) return refuse(Code::malformed_xml);
  const auto value = parse_number<std::int64_t>(*number);
  if (!value) return refuse(Code::malformed_xml);
  if (*value < 1) {
    return refuse(invalid_argument("PartNumber must be >= 1", "PartNumber", *number));
  }
  if (*value > catalog::part_count_max) return refuse(Code::invalid_part);
  part.number = static_cast<std::uint32_t>(*value);
  part.etag = unquote(*etag);
  for (const auto kind : checksum_kinds) {
    if (auto text = element.child_text(element_of(kind))) {
      part.checksums.push_back({kind, *std::move(text)});
    }
  }
  if (part.checksums.size() > 1) {
    return refuse(invalid_argument("Invalid Base64 or multiple checksums present in request",
                                   "Checksum", ""));
  }
  return part;
}

Outcome<std::vector<ChosenPart>> parse_parts(const std::string& text) {
  TRY_LET(const XmlDocument document, XmlDocument::parse(text, "CompleteMultipartUpload"));
  std::vector<ChosenPart> parts;
  for (const auto& element : document.root().children("Part")) {
    TRY_LET(ChosenPart part, parse_part(element));
    if (!parts.empty() && part.number <= parts.back().number) {
      return refuse(Code::invalid_part_order);
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return refuse(Code::malformed_xml);
  return parts;
}

S3Error invalid_part(const Upload& upload, const ChosenPart& part) {
  return S3Error(Code::invalid_part)
      .with("UploadId", upload.info.id)
      .with("PartNumber", std::to_string(part.number))
      .with("ETag", part.etag);
}

Outcome<void> judge_checksums(const Upload& upload, const ChosenPart& chosen,
                              const catalog::PartInfo& stored) {
  if (chosen.checksums.empty()) {
    if (!upload.checksum || upload.form == ChecksumForm::full_object) return {};
    const auto name =
        header_of(*upload.checksum).substr(std::string_view("x-amz-checksum-").size());
    return refuse(Code::invalid_request,
                  fmt::format("The upload was created using a {} checksum. The complete request "
                              "must include the checksum for each part. It was missing for part {} "
                              "in the request.",
                              name, chosen.number));
  }
  const auto& claimed = chosen.checksums.front();
  if (!is_checksum(claimed.kind, claimed.value)) {
    return refuse(invalid_argument("Invalid Base64 or multiple checksums present in request",
                                   "Checksum", claimed.value));
  }
  const auto kept = find_checksum(stored.fields, claimed.kind);
  if (kept && kept->value == claimed.value) return {};
  if (!upload.checksum || kept) {
    return refuse(invalid_part(upload, chosen));
  }
  const auto name = header_of(claimed.kind).substr(std::string_view("x-amz-checksum-").size());
  return refuse(Code::bad_digest,
                fmt::format("The {} you specified for part {} did not match what we received.",
                            name, chosen.number));
}

// The parts as they are stored, in the order chosen, once all that the client says of them holds.
Outcome<std::vector<catalog::PartInfo>> match(const Upload& upload,
                                              const std::vector<ChosenPart>& chosen,
                                              std::vector<catalog::PartInfo> stored) {
  std::vector<catalog::PartInfo> parts;
  auto next = stored.begin();
  for (const auto& part : chosen) {
    while (next != stored.end() && next->number < part.number) ++next;
    if (next == stored.end() || next->number != part.number || next->etag != part.etag) {
      return refuse(invalid_part(upload, part));
    }
    if (&part != &chosen.back() && next->size < part_bytes_min) {
      return refuse(S3Error(Code::entity_too_small)
                        .with("ProposedSize", std::to_string(next->size))
                        .with("MinSizeAllowed", std::to_string(part_bytes_min)));
    }
    TRY(judge_checksums(upload, part, *next));
    parts.push_back(std::move(*next++));
  }
  return parts;
}

// MD5 over the binary ETags of the parts, and how many they are.
std::string make_etag(const std::vector<ChosenPart>& parts) {
  codec::Md5 whole;
  for (const auto& part : parts) {
    if (const auto bytes = from_hex(part.etag)) whole.update(*bytes);
  }
  return fmt::format("{}-{}", to_hex(whole.finish()), parts.size());
}

// Of the object; nothing where a part lacks what it is made of.
std::optional<Checksum> make_checksum(const Upload& upload,
                                      const std::vector<catalog::PartInfo>& parts) {
  const auto kind = upload.checksum.value_or(ChecksumKind::crc64nvme);
  std::vector<PartChecksum> values;
  for (const auto& part : parts) {
    auto checksum = find_checksum(part.fields, kind);
    if (!checksum) return std::nullopt;
    values.push_back({std::move(checksum->value), part.size});
  }
  return Checksum{kind, combine_checksums(kind, upload.form, values)};
}

Outcome<void> judge_size(const Call& call, const std::vector<catalog::PartInfo>& parts) {
  std::uint64_t total = 0;
  for (const auto& part : parts) total += part.size;
  if (total > catalog::object_bytes_max) {
    return refuse(S3Error(Code::entity_too_large)
                      .with("ProposedSize", std::to_string(total))
                      .with("MaxSizeAllowed", std::to_string(catalog::object_bytes_max)));
  }
  const auto text = call.header("x-amz-mp-object-size");
  if (text.empty()) return {};
  const auto size = parse_number<std::int64_t>(text);
  if (!size) {
    return refuse(Code::invalid_request,
                  fmt::format("Value for x-amz-mp-object-size header is invalid: '{}'", text));
  }
  if (*size < 0) {
    return refuse(
        Code::invalid_request,
        fmt::format("Value for x-amz-mp-object-size header is less than zero: '{}'", *size));
  }
  if (static_cast<std::uint64_t>(*size) != total) {
    return refuse(Code::invalid_request,
                  fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match "
                              "what was computed: {}",
                              total, *size));
  }
  return {};
}

Outcome<void> judge_form(const Call& call, const Upload& upload) {
  const auto count = std::ranges::count_if(
      checksum_kinds, [&](ChecksumKind kind) { return !call.header(header_of(kind)).empty(); });
  if (count > 1) {
    return refuse(Code::invalid_request,
                  "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                  "allowed.");
  }
  const auto text = call.header("x-amz-checksum-type");
  if (text.empty()) return {};
  TRY_LET(const ChecksumForm form, parse_checksum_form(text));
  if (upload.checksum && form == upload.form) return {};
  return refuse(Code::invalid_request,
                fmt::format("The upload was created using the {} checksum mode. The complete "
                            "request must use the same checksum mode.",
                            upload.checksum ? name_of(upload.form) : "null"));
}

// Nothing, or "-" and a number: the end of a composite checksum.
bool is_part_count(std::string_view text) {
  if (text.empty()) return true;
  text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// What the client says of the whole, in a header of the kind.
Outcome<void> judge_whole(const Call& call, const std::optional<Checksum>& made) {
  for (const auto kind : checksum_kinds) {
    const auto claimed = call.header(header_of(kind));
    if (claimed.empty()) continue;
    const auto dash = std::min(claimed.find('-'), claimed.size());
    const auto digits = claimed.substr(0, dash);
    if (!is_checksum(kind, digits) || !is_part_count(claimed.substr(dash))) {
      return refuse(Code::invalid_request,
                    fmt::format("Value for {} header is invalid.", header_of(kind)));
    }
    if (!made || made->kind != kind) continue;
    // Of a composite the number of parts may be left out.
    const bool is_same = made->value == claimed ||
                         (digits == claimed && made->value.starts_with(fmt::format("{}-", digits)));
    if (!is_same) {
      return refuse(Code::bad_digest,
                    fmt::format("The {} you specified did not match the calculated checksum.",
                                name_of(kind)));
    }
  }
  return {};
}

Task<Outcome<void>> respond(Call& call, const catalog::ObjectInfo& object) {
  XmlWriter writer("CompleteMultipartUploadResult");
  const auto scheme = call.request().is_secure ? "https" : "http";
  writer.element("Location", fmt::format("{}://{}{}", scheme, call.header("host"),
                                         net::percent_encode(call.target.path, "/")));
  writer.element("Bucket", call.bucket());
  writer.element("Key", call.key());
  writer.element("ETag", quote(object.etag));
  if (const auto checksum = checksum_of(object.fields)) {
    add_checksum_element(writer, *checksum);
    writer.element("ChecksumType", name_of(checksum_form_of(object.fields)));
  }
  co_return co_await call.respond_xml(std::move(writer));
}

// A client that missed the answer asks again, when the upload is the object already.
Task<Outcome<void>> answer_again(Call& call, const std::vector<ChosenPart>& chosen,
                                 S3Error unknown_upload) {
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  const auto object = co_await call.services.catalog.head(bucket.id, call.key());
  if (object && object->etag == make_etag(chosen)) co_return co_await respond(call, *object);
  co_return refuse(std::move(unknown_upload));
}

Task<Outcome<catalog::ObjectInfo>> complete(Call& call, const Upload& upload,
                                            const std::vector<ChosenPart>& chosen) {
  auto stored = co_await call.services.catalog.list_parts(
      upload.bucket.id, call.key(), upload.info.id, 0, catalog::part_count_max);
  if (!stored) co_return refuse(about_upload(stored.error(), upload.info.id));
  CO_TRY_LET(const auto parts, match(upload, chosen, *std::move(stored)));
  CO_TRY(judge_size(call, parts));
  const auto checksum = make_checksum(upload, parts);
  CO_TRY(judge_whole(call, checksum));
  const auto now = call.services.clock.wall_now();
  catalog::Attributes attributes{
      .etag = make_etag(chosen), .modified = now, .fields = upload.info.fields};
  std::erase_if(attributes.fields,
                [](const auto& field) { return field.first.starts_with("checksum-"); });
  if (checksum) set_checksum(attributes.fields, *checksum, upload.form);
  std::vector<catalog::PartChoice> choices;
  for (const auto& part : chosen) choices.push_back({.number = part.number, .etag = part.etag});
  WriteGuard guard(Conditions::read(call.request().headers, "", now));
  auto object = co_await call.services.catalog.complete_upload(
      upload.bucket.id, call.key(), upload.info.id, std::move(choices), std::move(attributes),
      guard.condition());
  if (object) co_return *std::move(object);
  if (object.error().code() == ErrorCode::not_found) {
    co_return refuse(about_upload(object.error(), upload.info.id));
  }
  // A part was replaced between the look at the list and the last step.
  if (object.error().code() == ErrorCode::invalid) co_return refuse(Code::invalid_part);
  co_return refuse(guard.explain(object.error()));
}

}  // namespace

Task<Outcome<void>> complete_multipart_upload(Call& call) {
  CO_TRY_LET(const std::string text,
             co_await read_document(call, document_bytes_max, ChecksumSubject::object));
  CO_TRY_LET(const auto chosen, parse_parts(text));
  auto upload = co_await open_upload(call);
  if (!upload && upload.error().code() == Code::no_such_upload) {
    co_return co_await answer_again(call, chosen, std::move(upload).error());
  }
  if (!upload) co_return refuse(std::move(upload).error());
  CO_TRY(judge_form(call, *upload));
  CO_TRY_LET(const auto object, co_await complete(call, *upload, chosen));
  co_return co_await respond(call, object);
}

}  // namespace holdfast::s3
