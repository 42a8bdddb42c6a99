#include "cli/session/format.h"

#include "base/utf8.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace holdfast::cli {
namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

struct CodeRange {
  char32_t first;
  char32_t last;
};

bool is_in(char32_t code, std::span<const CodeRange> ranges) {
  return std::ranges::any_of(
      ranges, [code](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

// What shows nothing, or turns what stands around it: the characters that Unicode has ignored by
// default, separators of lines and paragraphs, and marks of annotations.
constexpr CodeRange invisible[] = {
    {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

// Of those, what scripts and emoji need: joiners between two characters, selectors behind one.
constexpr CodeRange joiners[] = {{0x200c, 0x200d}};
constexpr CodeRange selectors[] = {{0x180b, 0x180d}, {0x180f, 0x180f}, {0xfe00, 0xfe0f}};

bool is_visible_beyond_ascii(char32_t code) {
  return code > 0x9f && !is_in(code, invisible);
}

// `before`: the last that was shown, 0 for none; `rest`: what comes behind it.
bool is_needed(char32_t code, char32_t before, std::string_view rest) {
  if (is_in(code, selectors)) return is_visible_beyond_ascii(before);
  if (!is_in(code, joiners)) return false;
  const auto after = first_character(rest);
  return after && is_visible_beyond_ascii(after->code) &&
         (is_visible_beyond_ascii(before) || is_in(before, selectors));
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

// As in JSON: beyond U+FFFF by a pair of surrogates.
std::string escape_of(char32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto number = static_cast<std::uint32_t>(code);
  if (number <= 0xffff) return fmt::format("\\u{:04x}", number);
  const std::uint32_t above = number - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff));
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // What would be rounded to 1024 is one of the next unit.
  while (value >= 1023.5 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return value < 99.95 ? fmt::format("{:.1f} {}", value, units[unit])
                       : fmt::format("{:.0f} {}", value, units[unit]);
}

std::string format_duration(Duration span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
  if (seconds < 0) return "0:00";
  const auto minutes = seconds / 60;
  const auto hours = minutes / 60;
  if (hours >= 48) return fmt::format("{} days", hours / 24);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes % 60, seconds % 60);
  return fmt::format("{}:{:02}", minutes, seconds % 60);
}

std::string format_time(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.since_epoch).count();
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

std::string format_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", format_count(count), count == 1 ? one : many);
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char c : text) columns += begins_character(c) ? 1 : 0;
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t seen = 0;
  std::size_t end = 0;
  while (end < text.size() && (!begins_character(text[end]) || ++seen < columns)) ++end;
  return std::string(text.substr(0, end)) + "…";
}

std::string without_controls(std::string_view text, Controls kept) {
  std::string shown;
  shown.reserve(text.size());
  char32_t before = 0;
  while (!text.empty()) {
    // A byte that begins no character stays as it is.
    const auto character = first_character(text).value_or(Character{0xfffd, 1});
    const char32_t code = character.code;
    const std::string_view written = text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
    const bool may_stay = kept == Controls::lines && (code == '\n' || code == '\t');
    const bool is_hidden = is_in(code, invisible) && !is_needed(code, before, text);
    if ((is_control(code) && !may_stay) || is_hidden) {
      shown += escape_of(code);
      before = 0;
    } else {
      shown += written;
      before = code;
    }
  }
  return shown;
}

}  // namespace holdfast::cli
