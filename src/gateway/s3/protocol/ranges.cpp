#include "gateway/s3/protocol/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace holdfast::s3 {
namespace {

constexpr std::string_view unit = "bytes=";

struct Spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};

// Digits only. What does not fit 64 bits is as large as can be.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  return failure == std::errc::result_out_of_range ? UINT64_MAX : value;
}

std::optional<Spec> parse_spec(std::string_view header) {
  if (!header.starts_with(unit)) return std::nullopt;
  header.remove_prefix(unit.size());
  const auto dash = header.find('-');
  if (dash == header.npos) return std::nullopt;
  const Spec spec{parse_number(header.substr(0, dash)), parse_number(header.substr(dash + 1))};
  const bool is_first_bad = dash > 0 && !spec.first;
  const bool is_last_bad = dash + 1 < header.size() && !spec.last;
  if (is_first_bad || is_last_bad || (!spec.first && !spec.last)) return std::nullopt;
  if (spec.first && spec.last && *spec.first > *spec.last) return std::nullopt;
  return spec;
}

S3Error invalid_range(std::string_view header, std::uint64_t size) {
  return S3Error(Code::invalid_range)
      .with("RangeRequested", std::string(header))
      .with("ActualObjectSize", std::to_string(size));
}

}  // namespace

Outcome<std::optional<Range>> parse_range(std::string_view header, std::uint64_t size) {
  const auto spec = parse_spec(header);
  if (!spec) return std::nullopt;
  if (!spec->first) {
    const auto suffix = std::min(*spec->last, size);
    if (*spec->last == 0) return refuse(invalid_range(header, size));
    // The last bytes of nothing are all of it (RFC 9110, section 14.1.2), in no range to speak of.
    if (size == 0) return std::nullopt;
    return Range{size - suffix, suffix};
  }
  if (*spec->first >= size) return refuse(invalid_range(header, size));
  const auto last = std::min(spec->last.value_or(UINT64_MAX), size - 1);
  return Range{*spec->first, last - *spec->first + 1};
}

Outcome<Range> parse_copy_range(std::string_view header, std::uint64_t size) {
  const auto spec = parse_spec(header);
  if (!spec || !spec->first || !spec->last) {
    return refuse(invalid_argument(
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
        "last are the zero-based offsets of the first and last bytes to copy",
        "x-amz-copy-source-range", header));
  }
  if (*spec->last >= size) {
    return refuse(invalid_argument(
        fmt::format("Range specified is not valid for source object of size: {}", size),
        "x-amz-copy-source-range", std::to_string(size)));
  }
  return Range{*spec->first, *spec->last - *spec->first + 1};
}

}  // namespace holdfast::s3
