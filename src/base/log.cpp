#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace holdfast::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// JSON strings may hold any byte but controls, quotes and backslashes (RFC 8259, section 7).
std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      escaped += '\\';
      escaped += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

struct Sink {
  Sink() : logger("holdfast", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    set_format(Format::text);
  }

  void set_format(Format wanted) {
    format = wanted;
    logger.set_pattern(wanted == Format::json
                           ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                           : "%Y-%m-%d %H:%M:%S.%e %-7l %v");
  }

  spdlog::logger logger;
  Format format = Format::text;
};

// The one global: a line may come from any thread, at any time, also while others are torn down.
Sink& sink() {
  static Sink& forever = *new Sink;
  return forever;
}

}  // namespace

void configure(Level level, Format format) {
  sink().set_format(format);
  set_level(level);
}

void set_level(Level level) {
  sink().logger.set_level(to_spdlog(level));
}

bool is_enabled(Level level) {
  return sink().logger.should_log(to_spdlog(level));
}

void write(Level level, std::string_view request, std::string_view text) {
  if (!is_enabled(level)) return;
  std::string line;
  if (sink().format == Format::json) {
    if (!request.empty()) line += fmt::format(R"("request":"{}",)", escape(request));
    line += fmt::format(R"("message":"{}")", escape(text));
  } else {
    if (!request.empty()) line += fmt::format("[{}] ", request);
    line += text;
  }
  sink().logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace holdfast::log
