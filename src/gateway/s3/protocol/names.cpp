#include "gateway/s3/protocol/names.h"

#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <string>

namespace holdfast::s3 {
namespace {

constexpr std::size_t bucket_name_bytes_min = 3;
constexpr std::size_t bucket_name_bytes_max = 63;
constexpr std::size_t key_bytes_max = 1024;

constexpr std::array<std::string_view, 3> reserved_prefixes{"xn--", "sthree-", "amzn-s3-demo-"};
constexpr std::array<std::string_view, 5> reserved_suffixes{"-s3alias", "--ol-s3", ".mrap",
                                                            "--x-s3", "--table-s3"};

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Four numbers with dots between, whatever their size.
bool looks_like_ipv4(std::string_view name) {
  if (std::ranges::count(name, '.') != 3) return false;
  return std::ranges::all_of(name, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool is_legal_bucket_name(std::string_view name) {
  if (name.size() < bucket_name_bytes_min || name.size() > bucket_name_bytes_max) return false;
  if (!is_lower_or_digit(name.front()) || !is_lower_or_digit(name.back())) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_lower_or_digit(name[i]) && name[i] != '.' && name[i] != '-') return false;
    const bool after_dot = i > 0 && name[i - 1] == '.';
    if (after_dot && !is_lower_or_digit(name[i])) return false;
    if (i > 0 && name[i] == '.' && name[i - 1] == '-') return false;
  }
  const auto begins = [&](std::string_view part) { return name.starts_with(part); };
  const auto ends = [&](std::string_view part) { return name.ends_with(part); };
  return !looks_like_ipv4(name) && std::ranges::none_of(reserved_prefixes, begins) &&
         std::ranges::none_of(reserved_suffixes, ends);
}

}  // namespace

Outcome<void> check_bucket_name(std::string_view name) {
  if (is_legal_bucket_name(name)) return {};
  return refuse(S3Error(Code::invalid_bucket_name).with("BucketName", std::string(name)));
}

Outcome<void> check_key(std::string_view key) {
  if (key.size() > key_bytes_max) {
    return refuse(S3Error(Code::key_too_long)
                      .with("Size", std::to_string(key.size()))
                      .with("MaxSizeAllowed", std::to_string(key_bytes_max)));
  }
  if (key.empty() || key.contains('\0') || !is_utf8(key)) return refuse(Code::invalid_uri);
  return {};
}

}  // namespace holdfast::s3
