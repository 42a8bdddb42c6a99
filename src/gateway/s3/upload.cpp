#include "gateway/s3/upload.h"

#include "base/number.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {

Task<Outcome<Upload>> open_upload(Call& call) {
  Upload upload;
  CO_TRY_LET(upload.bucket, co_await call.open_bucket());
  const std::string id(call.parameter("uploadId"));
  auto found = co_await call.services.catalog.find_upload(upload.bucket.id, call.key(), id);
  if (!found) co_return refuse(about_upload(found.error(), id));
  upload.info = *std::move(found);
  if (const auto name = find_field(upload.info.fields, "checksum-algorithm")) {
    CO_TRY_LET(upload.checksum, parse_checksum_kind(*name));
    upload.form = checksum_form_of(upload.info.fields);
  }
  co_return upload;
}

Outcome<std::uint32_t> read_part_number(const Call& call) {
  const auto text = call.parameter("partNumber");
  const auto number = parse_number<std::uint32_t>(text);
  if (!number || *number == 0 || *number > catalog::part_count_max) {
    return refuse(invalid_argument("Part number must be an integer between 1 and 10000, inclusive.",
                                   "partNumber", text));
  }
  return *number;
}

Outcome<ChecksumForm> parse_checksum_form(std::string_view text) {
  if (net::equals_ignoring_case(text, "COMPOSITE")) return ChecksumForm::composite;
  if (net::equals_ignoring_case(text, "FULL_OBJECT")) return ChecksumForm::full_object;
  return refuse(Code::invalid_request, "Value for x-amz-checksum-type header is invalid.");
}

Outcome<std::optional<ChecksumChoice>> read_checksum_choice(const Call& call) {
  const auto algorithm = call.header("x-amz-checksum-algorithm");
  const auto type = call.header("x-amz-checksum-type");
  std::optional<ChecksumKind> kind;
  if (!algorithm.empty()) {
    TRY_LET(kind, parse_checksum_kind(algorithm));
  }
  std::optional<ChecksumForm> form;
  if (!type.empty()) {
    TRY_LET(form, parse_checksum_form(type));
  }
  if (!kind) {
    if (!form) return std::nullopt;
    return refuse(Code::invalid_request,
                  "The x-amz-checksum-type header can only be used with the "
                  "x-amz-checksum-algorithm header.");
  }
  const ChecksumChoice choice{*kind, form.value_or(default_form(*kind))};
  if (!is_offered(choice.kind, choice.form)) {
    std::string name(name_of(choice.kind));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return refuse(Code::invalid_request,
                  fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                              name_of(choice.form), name));
  }
  return choice;
}

}  // namespace holdfast::s3
