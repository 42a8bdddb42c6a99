#include "bench/process.h"

#include "base/bytes.h"
#include "base/number.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

namespace holdfast::bench {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::uint64_t number_in(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  text.remove_prefix(std::min(text.find_first_of(digits), text.size()));
  return parse_number<std::uint64_t>(text.substr(0, text.find_first_not_of(digits))).value_or(0);
}

// The number on the line of /proc/ID/status that begins with `name`, which is in KiB.
std::uint64_t bytes_of_line(std::string_view status, std::string_view name) {
  const std::size_t at = status.find(name);
  if (at == std::string_view::npos) return 0;
  return number_in(status.substr(at, status.find('\n', at) - at)) * kib;
}

double clock_seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

Result<ProcessUse> use_of_process(std::uint64_t id) {
  const std::string folder = fmt::format("/proc/{}/", id);
  const std::string stat = read_text(folder + "stat");
  // Its second field, the name, may hold anything; times are fields 14 and 15 (proc(5)).
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) {
    return fail(ErrorCode::not_found, fmt::format("no process {} is running here", id));
  }
  constexpr int fields_between = 11;
  std::istringstream fields(stat.substr(name_end + 2));
  std::string skipped;
  for (int i = 0; i < fields_between; ++i) fields >> skipped;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  const std::string status = read_text(folder + "status");
  return ProcessUse{
      .seconds = static_cast<double>(user_ticks + system_ticks) /
                 static_cast<double>(::sysconf(_SC_CLK_TCK)),
      .peak_bytes = bytes_of_line(status, "VmHWM:"),
      .bytes = bytes_of_line(status, "VmRSS:"),
  };
}

ProcessUse use_of_this_process() {
  ProcessUse use = use_of_process(static_cast<std::uint64_t>(::getpid())).value_or(ProcessUse{});
  use.seconds = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  return use;
}

double thread_seconds() {
  return clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

void reset_peak(std::uint64_t id) {
  constexpr std::string_view peak_only = "5";  // proc(5), clear_refs.
  std::ofstream(fmt::format("/proc/{}/clear_refs", id)) << peak_only;
}

}  // namespace holdfast::bench
