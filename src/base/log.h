// The program's log: text for people, or one JSON object a line. Safe from any thread.
//
// Never log a secret, a key, a request's signature or the content of an object.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace holdfast::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json };

// Where lines go until this is called: standard error, as text, from info on.
void configure(Level level, Format format);
void set_level(Level level);
bool is_enabled(Level level);

// Writes one line. `request` is the id of the request at work, or empty.
void write(Level level, std::string_view request, std::string_view text);

template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  if (is_enabled(Level::debug)) {
    write(Level::debug, {}, fmt::format(text, std::forward<Args>(args)...));
  }
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::info, {}, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::warning, {}, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::error, {}, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace holdfast::log
