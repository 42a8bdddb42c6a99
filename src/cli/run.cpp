#include "cli/run.h"

#include "cli/commands.h"
#include "cli/tree/help.h"
#include "cli/tree/parser.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::cli {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_in_part = 6;

// As help lists them.
int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return exit_usage;
    case ErrorCode::not_found:
      return 3;
    case ErrorCode::denied:
      return 4;
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
      return 5;
    case ErrorCode::already_exists:
    case ErrorCode::conflict:
      return 7;
    case ErrorCode::full:
      return 8;
    case ErrorCode::unsupported:
    case ErrorCode::corrupt:
    case ErrorCode::io:
      break;
  }
  return exit_failed;
}

node::Variables read_environment() {
  node::Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (name.starts_with("HOLDFAST_") || name == "HOME" || name == "XDG_RUNTIME_DIR") {
      variables.emplace(name, text.substr(equals + 1));
    }
  }
  return variables;
}

// A stream that was closed must not become the number of a file that is opened later: what is
// printed would go into that. Whoever reads or writes such a stream still fails.
void hold_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest number that is free is this one.
    static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

Task<void> carry_out(Session& session, const tree::Command& command, Result<void>& done,
                     boost::asio::io_context& loop) {
  done = co_await command.run(session);
  loop.stop();  // Connections kept for reuse would go on waiting.
}

Result<int> run_command(const tree::Path& path, const CommonOptions& common, Terminal& terminal) {
  const node::Variables variables = read_environment();
  boost::asio::io_context loop(1);
  TRY_LET(const auto outside, node::Outside::open(loop.get_executor()));
  Session session({.executor = loop.get_executor(),
                   .outside = *outside,
                   .terminal = terminal,
                   .variables = variables,
                   .root = *path.front(),
                   .is_root_user = ::geteuid() == 0},
                  common);
  Result<void> done;
  boost::asio::co_spawn(loop, carry_out(session, *path.back(), done, loop), rethrow);
  loop.run();
  TRY(terminal.flush());
  if (!done) {
    if (session.has_success()) {
      terminal.say(fmt::format("holdfast: {}\n", done.error().context()));
      return exit_in_part;
    }
    return std::unexpected(std::move(done).error());
  }
  if (!session.failure()) return 0;
  return session.has_success() ? exit_in_part : exit_code(*session.failure());
}

Result<int> run_words(std::vector<std::string> words, Terminal& terminal) {
  CommonOptions common;
  bool wants_version = false;
  const tree::Command root = root_command(common, wants_version);
  if (words.empty()) {
    TRY(terminal.print(tree::help({&root})));
    TRY(terminal.flush());
    return 0;
  }
  if (words == std::vector<std::string>{"--version"}) words = {"version"};
  TRY_LET(const tree::Parsed parsed, tree::parse(root, std::move(words)));
  if (parsed.wants_help) {
    TRY(terminal.print(tree::help(parsed.path)));
    TRY(terminal.flush());
    return 0;
  }
  return run_command(parsed.path, common, terminal);
}

}  // namespace

int run(int argument_count, char** arguments) {
  hold_standard_streams();
  Terminal terminal;
  const auto code =
      run_words(std::vector<std::string>(arguments + 1, arguments + argument_count), terminal);
  if (code) return *code;
  terminal.say(fmt::format("holdfast: {}\n", code.error().context()));
  return exit_code(code.error().code());
}

}  // namespace holdfast::cli
