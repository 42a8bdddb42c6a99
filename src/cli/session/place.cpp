#include "cli/session/place.h"

#include <fmt/format.h>

namespace holdfast::cli {

bool Place::is_folder_like() const {
  return is_remote ? key.empty() || key.ends_with('/') : path.ends_with('/');
}

Result<Place> parse_place(std::string_view text) {
  if (text.starts_with(place_scheme)) return parse_remote(text);
  if (text.starts_with("s3://")) {
    return fail(ErrorCode::invalid,
                fmt::format("`{}`: places here are written hf://bucket/key.", text));
  }
  if (text.empty()) return fail(ErrorCode::invalid, "An empty word names no file.");
  Place place;
  place.path = text;
  return place;
}

Result<Place> parse_remote(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with(place_scheme)) rest.remove_prefix(place_scheme.size());
  Place place;
  place.is_remote = true;
  const std::size_t slash = rest.find('/');
  place.bucket = rest.substr(0, slash);
  if (slash != std::string_view::npos) place.key = rest.substr(slash + 1);
  if (place.bucket.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("`{}` names no bucket. A place is hf://bucket/key.", text));
  }
  return place;
}

std::string to_string(const Place& place) {
  if (!place.is_remote) return place.path;
  return fmt::format("{}{}/{}", place_scheme, place.bucket, place.key);
}

std::string_view last_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<std::string> relative_path(std::string_view key, std::string_view prefix) {
  std::string_view rest = key.substr(key.starts_with(prefix) ? prefix.size() : 0);
  const std::string path(rest);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return fail(ErrorCode::invalid, fmt::format("The key `{}` cannot be a file's name.", key));
    }
    if (slash == std::string_view::npos) return path;
    rest.remove_prefix(slash + 1);
  }
}

Result<void> judge_content(std::string_view key, std::uint64_t size) {
  if (size == 0 || !key.ends_with('/')) return {};
  return fail(ErrorCode::invalid,
              fmt::format("The key `{}` has {} bytes of content, but is the name of a folder.\n"
                          "An S3 client can fetch it.",
                          key, size));
}

std::string as_folder(std::string_view key) {
  std::string folder(key);
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  return folder;
}

}  // namespace holdfast::cli
