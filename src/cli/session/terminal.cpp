#include "cli/session/terminal.h"

#include "cli/session/format.h"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace holdfast::cli {
namespace {

constexpr std::size_t columns_standard = 80;
constexpr std::size_t columns_min = 40;
constexpr std::size_t answer_bytes_max = 4096;

// Keeps what is typed from being shown for as long as it lives.
class Silence {
 public:
  Silence() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_on_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (is_on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool is_on_ = false;
};

Result<std::string> read_line() {
  std::string line;
  char c = 0;
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      std::fputc('\n', stderr);  // Which was not typed.
      break;
    }
    if (c == '\n') break;
    if (line.size() == answer_bytes_max) return fail(ErrorCode::invalid, "The answer is too long.");
    line += c;
  }
  return line;
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
  return read_line();
}

Result<std::string> Terminal::ask_secret(std::string_view question) {
  if (!can_ask()) return ask(question);
  say(fmt::format("{} ", question));
  const Silence silence;
  auto answer = read_line();
  say("\n");
  return answer;
}

Result<bool> Terminal::confirm(std::string_view question) {
  TRY_LET(const std::string answer, ask(fmt::format("{} [y/N]", question)));
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace holdfast::cli
