#include "node/object_headers.h"

#include "base/number.h"
#include "base/utf8.h"
#include "node/timestamp.h"

#include <fmt/format.h>

namespace holdfast::node {
namespace {

constexpr std::string_view field_prefix = "holdfast-field-";
constexpr std::string_view bytes_unit = "bytes=";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

std::optional<RangeWish> parse_range(std::string_view header) {
  if (!header.starts_with(bytes_unit)) return std::nullopt;
  header.remove_prefix(bytes_unit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  RangeWish wish;
  if (dash > 0) {
    wish.first = parse_number<std::uint64_t>(header.substr(0, dash));
    if (!wish.first) return std::nullopt;
  }
  if (dash + 1 < header.size()) {
    wish.last = parse_number<std::uint64_t>(header.substr(dash + 1));
    if (!wish.last) return std::nullopt;
  }
  if (!wish.first && !wish.last) return std::nullopt;
  if (wish.first && wish.last && *wish.last < *wish.first) return std::nullopt;
  return wish;
}

Result<catalog::ByteRange> place_range(const RangeWish& wish, std::uint64_t size) {
  if (!wish.first) {
    const std::uint64_t count = std::min(wish.last.value_or(0), size);
    if (count > 0) return catalog::ByteRange{size - count, count};
  } else if (*wish.first < size) {
    const std::uint64_t last = std::min(wish.last.value_or(size - 1), size - 1);
    return catalog::ByteRange{*wish.first, last - *wish.first + 1};
  }
  return fail(ErrorCode::invalid,
              fmt::format("The object has {} bytes; none is in the range.", size));
}

bool names_etag(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    std::string_view tag = list.substr(0, list.find(','));
    list.remove_prefix(std::min(tag.size() + 1, list.size()));
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag.starts_with('"') && tag.ends_with('"') && tag.size() >= 2) {
      tag = tag.substr(1, tag.size() - 2);
    }
    if (tag == etag) return true;
  }
  return false;
}

Result<catalog::Fields> read_fields(const net::Headers& headers) {
  catalog::Fields fields;
  std::size_t size = 0;
  for (const auto& [name, value] : headers.fields()) {
    std::string field = lower(name);
    std::string text = value;
    if (field.starts_with(field_prefix)) {
      field.erase(0, field_prefix.size());
      TRY_LET(text, net::percent_decode(value));
    } else if (field != "content-type") {
      continue;
    }
    size += field.size() + text.size();
    fields.emplace_back(std::move(field), std::move(text));
  }
  if (size > catalog::attribute_bytes_max) {
    return fail(ErrorCode::invalid, fmt::format("The object's fields take {} bytes, {} at most.",
                                                size, catalog::attribute_bytes_max));
  }
  return fields;
}

void write_object(net::Headers& headers, const catalog::ObjectInfo& object) {
  headers.add("etag", '"' + object.etag + '"');
  headers.add("holdfast-modified", to_rfc3339(object.modified));
  headers.add("accept-ranges", "bytes");
  for (const auto& [name, value] : object.fields) {
    if (name == "content-type") {
      headers.add(name, value);
    } else {
      headers.add(std::string(field_prefix) + name, net::percent_encode(value));
    }
  }
}

catalog::Condition condition_of(const net::Headers& headers, std::string label) {
  std::string match(headers.find("if-match").value_or(std::string_view()));
  std::string none_match(headers.find("if-none-match").value_or(std::string_view()));
  if (match.empty() && none_match.empty()) return {};
  return [match = std::move(match), none_match = std::move(none_match),
          label = std::move(label)](const catalog::ObjectInfo* existing) -> Result<void> {
    if (existing != nullptr && !none_match.empty() && names_etag(none_match, existing->etag)) {
      return fail(ErrorCode::already_exists, fmt::format("{} is there already.", label));
    }
    if (!match.empty() && (existing == nullptr || !names_etag(match, existing->etag))) {
      return fail(ErrorCode::conflict, fmt::format("{} has changed meanwhile.", label));
    }
    return {};
  };
}

Result<void> judge_key(std::string_view key) {
  if (key.empty()) return fail(ErrorCode::invalid, "A key has at least one byte.");
  if (key.size() > catalog::key_bytes_max) {
    return fail(ErrorCode::invalid, fmt::format("The key has {} bytes; {} are allowed.", key.size(),
                                                catalog::key_bytes_max));
  }
  if (key.contains('\0') || !is_utf8(key)) {
    return fail(ErrorCode::invalid, "A key is UTF-8 text without NUL.");
  }
  return {};
}

}  // namespace holdfast::node
