#include "gateway/s3/protocol/target.h"

#include <algorithm>

namespace holdfast::s3 {
namespace {

Outcome<std::string> decode(std::string_view text) {
  auto decoded = net::percent_decode(text);
  if (!decoded) return refuse(Code::invalid_uri);
  return *std::move(decoded);
}

Outcome<std::string> decode_form(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return decode(spaced);
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A host as names are compared: lower case, without port.
std::string host_name(std::string_view host) {
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  std::string name(host);
  std::ranges::transform(name, name.begin(), to_lower);
  return name;
}

std::string bucket_of_host(std::string_view host, std::span<const std::string> domains) {
  if (domains.empty()) return {};
  const std::string name = host_name(host);
  for (const auto& domain : domains) {
    const auto suffix = "." + host_name(domain);
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      return name.substr(0, name.size() - suffix.size());
    }
  }
  return {};
}

// Of a target in absolute form (RFC 9112, section 3.2.2), the part from the path on.
std::string_view without_authority(std::string_view target) {
  const auto scheme = target.find("://");
  if (target.starts_with('/') || scheme == target.npos) return target;
  const auto path = target.find_first_of("/?", scheme + 3);
  return path == target.npos ? "/" : target.substr(path);
}

}  // namespace

Outcome<Query> Query::parse(std::string_view raw) {
  Query query;
  while (!raw.empty()) {
    const auto end = std::min(raw.find('&'), raw.size());
    const auto part = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    Parameter parameter;
    TRY_LET(parameter.name, decode_form(part.substr(0, equals)));
    if (equals != part.npos) {
      parameter.has_value = true;
      TRY_LET(parameter.value, decode_form(part.substr(equals + 1)));
    }
    query.parameters_.push_back(std::move(parameter));
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  const auto found = std::ranges::find(parameters_, name, &Parameter::name);
  if (found == parameters_.end()) return std::nullopt;
  return found->value;
}

Outcome<Target> parse_target(const net::Request& request, std::span<const std::string> domains) {
  Target target;
  const auto text = without_authority(request.target);
  const auto mark = std::min(text.find('?'), text.size());
  TRY_LET(target.path, decode(text.substr(0, mark)));
  if (!target.path.starts_with('/')) return refuse(Code::invalid_uri);
  if (mark < text.size()) {
    TRY_LET(target.query, Query::parse(text.substr(mark + 1)));
  }
  const auto path = std::string_view(target.path).substr(1);
  target.bucket = bucket_of_host(request.headers.find("host").value_or(""), domains);
  if (!target.bucket.empty()) {
    target.key = path;
    return target;
  }
  const auto slash = std::min(path.find('/'), path.size());
  target.bucket = path.substr(0, slash);
  if (slash < path.size()) target.key = path.substr(slash + 1);
  return target;
}

}  // namespace holdfast::s3
