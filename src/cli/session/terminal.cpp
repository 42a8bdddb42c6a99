#include "cli/session/terminal.h"

#include "cli/session/format.h"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace holdfast::cli {
namespace {

constexpr std::size_t columns_standard = 80;
constexpr std::size_t columns_min = 40;
constexpr std::size_t answer_bytes_max = 4096;

// Keeps what is typed from being shown for as long as it lives. The characters that interrupt would
// end the process and leave the terminal like that: they end the line instead.
class Silence {
 public:
  Silence() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_cc[VEOL] = before_.c_cc[VINTR];
    silent.c_cc[VEOL2] = before_.c_cc[VQUIT];
    is_on_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (is_on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  // The signal that a character stands for; 0 for none.
  int signal_of(char c) const {
    const auto typed = static_cast<cc_t>(c);
    if (!is_on_ || typed == _POSIX_VDISABLE) return 0;
    if (typed == before_.c_cc[VINTR]) return SIGINT;
    return typed == before_.c_cc[VQUIT] ? SIGQUIT : 0;
  }

 private:
  termios before_{};
  bool is_on_ = false;
};

struct Line {
  std::string text;
  bool is_ended = false;  // By the end of all that is typed.
  int signal = 0;         // By which it was broken off, if it was.
};

Result<Line> read_line(const Silence* silence) {
  Line line;
  char c = 0;
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      line.is_ended = true;
      return line;
    }
    if (silence != nullptr) line.signal = silence->signal_of(c);
    if (c == '\n' || line.signal != 0) return line;
    if (line.text.size() == answer_bytes_max) {
      return fail(ErrorCode::invalid, "The answer is too long.");
    }
    line.text += c;
  }
}

}  // namespace

bool Terminal::is_output_shown() const {
  return ::isatty(STDOUT_FILENO) == 1;
}

bool Terminal::is_error_shown() const {
  return ::isatty(STDERR_FILENO) == 1;
}

bool Terminal::can_ask() const {
  return ::isatty(STDIN_FILENO) == 1 && is_error_shown();
}

std::size_t Terminal::columns() const {
  winsize size{};
  for (const int stream : {STDERR_FILENO, STDOUT_FILENO}) {
    if (::ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      return std::max<std::size_t>(size.ws_col, columns_min);
    }
  }
  return columns_standard;
}

Result<void> Terminal::print(std::string_view text) {
  if (!is_output_shown()) return print(as_bytes(text));
  return print(as_bytes(without_controls(text, Controls::lines)));
}

Result<void> Terminal::print(ByteView bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) {
    return fail(ErrorCode::io,
                fmt::format("Cannot write to standard output: {}.", std::strerror(errno)));
  }
  return {};
}

Result<void> Terminal::flush() {
  if (std::fflush(stdout) != 0) {
    return fail(ErrorCode::io,
                fmt::format("Cannot write to standard output: {}.", std::strerror(errno)));
  }
  return {};
}

std::string Terminal::shown(std::string_view name) const {
  return is_output_shown() ? without_controls(name, Controls::none) : std::string(name);
}

void Terminal::say(std::string_view text) {
  if (!is_error_shown()) return draw(text);
  draw(without_controls(text, Controls::lines));
}

void Terminal::draw(std::string_view text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

Result<std::size_t> Terminal::read(MutableByteView into) {
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) {
      return fail(ErrorCode::io,
                  fmt::format("Cannot read standard input: {}.", std::strerror(errno)));
    }
  }
}

Result<std::string> Terminal::ask(std::string_view question) {
  if (!can_ask()) {
    return fail(ErrorCode::invalid, fmt::format("There is no terminal to ask on: {}", question));
  }
  say(fmt::format("{} ", question));
  TRY_LET(Line line, read_line(nullptr));
  if (line.is_ended) say("\n");  // Which was not typed.
  return std::move(line.text);
}

Result<std::string> Terminal::ask_secret(std::string_view question) {
  if (!can_ask()) return ask(question);
  const auto read_silently = [&]() -> Result<Line> {
    const Silence silence;  // First: it throws away what was typed before.
    say(fmt::format("{} ", question));
    return read_line(&silence);
  };
  TRY_LET(Line line, read_silently());
  say("\n");
  if (line.signal == 0 && !(line.is_ended && line.text.empty())) return std::move(line.text);
  if (line.signal != 0) ::raise(line.signal);
  return fail(ErrorCode::denied, "Nothing was done: there was no answer.");
}

Result<bool> Terminal::confirm(std::string_view question) {
  TRY_LET(const std::string answer, ask(fmt::format("{} [y/N]", question)));
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace holdfast::cli
