#include "cli/session/content_type.h"

#include <algorithm>
#include <string>
#include <utility>

namespace holdfast::cli {

std::string_view content_type_of(std::string_view name) {
  // By IANA's registry of media types; in byte order of the endings.
  static constexpr std::pair<std::string_view, std::string_view> types[] = {
      {"avif", "image/avif"},       {"bz2", "application/x-bzip2"}, {"css", "text/css"},
      {"csv", "text/csv"},          {"gif", "image/gif"},           {"gz", "application/gzip"},
      {"htm", "text/html"},         {"html", "text/html"},          {"ico", "image/x-icon"},
      {"jpeg", "image/jpeg"},       {"jpg", "image/jpeg"},          {"js", "text/javascript"},
      {"json", "application/json"}, {"m4a", "audio/mp4"},           {"md", "text/markdown"},
      {"mjs", "text/javascript"},   {"mov", "video/quicktime"},     {"mp3", "audio/mpeg"},
      {"mp4", "video/mp4"},         {"ogg", "audio/ogg"},           {"pdf", "application/pdf"},
      {"png", "image/png"},         {"svg", "image/svg+xml"},       {"tar", "application/x-tar"},
      {"txt", "text/plain"},        {"wasm", "application/wasm"},   {"wav", "audio/wav"},
      {"webm", "video/webm"},       {"webp", "image/webp"},         {"woff", "font/woff"},
      {"woff2", "font/woff2"},      {"xml", "application/xml"},     {"yaml", "application/yaml"},
      {"yml", "application/yaml"},  {"zip", "application/zip"},     {"zst", "application/zstd"},
  };
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.find('/', dot) != std::string_view::npos) return {};
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto* found = std::ranges::lower_bound(types, std::string_view(ending), {},
                                               [](const auto& type) { return type.first; });
  return found != std::end(types) && found->first == ending ? found->second : std::string_view();
}

}  // namespace holdfast::cli
