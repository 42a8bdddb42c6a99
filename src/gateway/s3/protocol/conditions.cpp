#include "gateway/s3/protocol/conditions.h"

#include "gateway/s3/protocol/times.h"

#include <algorithm>

namespace holdfast::s3 {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string> read_text(const net::Headers& headers, const std::string& name) {
  const auto found = headers.find(name);
  if (!found || found->empty()) return std::nullopt;
  return std::string(*found);
}

std::optional<WallTime> read_date(const net::Headers& headers, const std::string& name,
                                  WallTime now) {
  const auto found = headers.find(name);
  if (!found) return std::nullopt;
  auto date = parse_http_time(*found);
  if (!date) date = parse_iso_time(*found);
  return date && *date <= now ? date : std::nullopt;
}

std::unexpected<S3Error> refuse_condition(std::string_view condition) {
  return refuse(S3Error(Code::precondition_failed).with("Condition", std::string(condition)));
}

// Whether the parts of RFC 9110, section 13.2.2 that make a request fail let it pass.
Outcome<void> judge_requirements(const Conditions& conditions, const Subject& subject) {
  if (conditions.if_match) {
    if (!names_etag(*conditions.if_match, subject.etag)) return refuse_condition("If-Match");
  } else if (conditions.if_unmodified_since &&
             whole_seconds(subject.modified) > *conditions.if_unmodified_since) {
    return refuse_condition("If-Unmodified-Since");
  }
  return {};
}

// The header because of which the client is said to have the object already, if any.
std::string_view find_unmodified(const Conditions& conditions, const Subject& subject) {
  if (conditions.if_none_match) {
    return names_etag(*conditions.if_none_match, subject.etag) ? "If-None-Match" : "";
  }
  if (conditions.if_modified_since &&
      whole_seconds(subject.modified) <= *conditions.if_modified_since) {
    return "If-Modified-Since";
  }
  return {};
}

}  // namespace

Conditions Conditions::read(const net::Headers& headers, std::string_view prefix, WallTime now) {
  const auto name = [&](std::string_view rest) { return std::string(prefix).append(rest); };
  return {.if_match = read_text(headers, name("if-match")),
          .if_none_match = read_text(headers, name("if-none-match")),
          .if_modified_since = read_date(headers, name("if-modified-since"), now),
          .if_unmodified_since = read_date(headers, name("if-unmodified-since"), now)};
}

bool names_etag(std::string_view list, std::string_view etag) {
  while (true) {
    const auto comma = std::min(list.find(','), list.size());
    auto item = trim(list.substr(0, comma));
    if (item == "*") return true;
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item.size() >= 2 && item.starts_with('"') && item.ends_with('"')) {
      item = item.substr(1, item.size() - 2);
    }
    if (!item.empty() && item == etag) return true;
    if (comma == list.size()) return false;
    list.remove_prefix(comma + 1);
  }
}

Outcome<void> judge_read(const Conditions& conditions, const Subject& subject) {
  TRY(judge_requirements(conditions, subject));
  if (!find_unmodified(conditions, subject).empty()) return refuse(Code::not_modified);
  return {};
}

bool allows_range(std::string_view value, const Subject& subject) {
  value = trim(value);
  if (const auto date = parse_http_time(value)) return whole_seconds(subject.modified) == *date;
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
    value = value.substr(1, value.size() - 2);
  }
  return value == subject.etag;
}

Outcome<void> judge_copy_source(const Conditions& conditions, const Subject& subject) {
  TRY(judge_requirements(conditions, subject));
  const auto header = find_unmodified(conditions, subject);
  if (!header.empty()) return refuse_condition(header);
  return {};
}

Outcome<void> judge_write(const Conditions& conditions, const std::optional<Subject>& existing) {
  if (conditions.if_none_match && trim(*conditions.if_none_match) != "*") {
    return refuse(not_implemented("If-None-Match")
                      .with("additionalMessage",
                            "We don't accept the provided value of If-None-Match header for this "
                            "API"));
  }
  if (conditions.if_match && conditions.if_none_match) {
    return refuse(not_implemented("If-Match,If-None-Match")
                      .with("additionalMessage",
                            "Multiple conditional request headers present in the request"));
  }
  if (conditions.if_none_match && existing) return refuse_condition("If-None-Match");
  if (conditions.if_match) {
    if (!existing) return refuse(Code::no_such_key);
    if (!names_etag(*conditions.if_match, existing->etag)) return refuse_condition("If-Match");
  }
  return {};
}

Outcome<void> judge_delete(const DeleteConditions& conditions,
                           const std::optional<Subject>& existing) {
  // What is not there is deleted already, unless somebody insists on what it should have been.
  if (!existing) {
    return conditions.is_empty() ? Outcome<void>() : refuse(Code::no_such_key);
  }
  if (conditions.if_match && !names_etag(*conditions.if_match, existing->etag)) {
    return refuse_condition("If-Match");
  }
  if (conditions.if_match_modified &&
      whole_seconds(*conditions.if_match_modified) != whole_seconds(existing->modified)) {
    return refuse_condition("If-Match-Last-Mod-Time");
  }
  if (conditions.if_match_size && *conditions.if_match_size != existing->size) {
    return refuse_condition("If-Match-Size");
  }
  return {};
}

}  // namespace holdfast::s3
