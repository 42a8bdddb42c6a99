#include "node/machine.h"

#include "node/data_folder.h"

#include <fmt/format.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace holdfast::node {
namespace {

constexpr std::size_t statm_bytes_max = 4096;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The second number of /proc/self/statm is what is resident, in pages (proc(5)).
std::uint64_t resident_bytes() {
  const auto text = read_note("/proc/self/statm", statm_bytes_max);
  if (!text) return 0;
  const std::size_t space = text->find(' ');
  if (space == std::string::npos) return 0;
  const auto pages = std::strtoull(text->c_str() + space, nullptr, 10);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

log::Level log_level_of(const Settings& settings) {
  const std::string name = settings.text("log-level");
  if (name == "debug") return log::Level::debug;
  if (name == "warning") return log::Level::warning;
  return name == "error" ? log::Level::error : log::Level::info;
}

log::Format log_format_of(const Settings& settings) {
  return settings.text("log-format") == "json" ? log::Format::json : log::Format::text;
}

void forget_file(const std::string& path) {
  (void)::unlink(path.c_str());
}

void guard_memory() {
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  (void)::prctl(PR_SET_DUMPABLE, 0);
}

void guard_files() {
  (void)::umask(S_IRWXG | S_IRWXO);
}

std::string gauge(std::string_view name, std::string_view help, std::uint64_t value) {
  return fmt::format("# TYPE {0} gauge\n# HELP {0} {1}\n{0} {2}\n", name, help, value);
}

std::string describe_process(Duration age) {
  rusage used{};
  (void)::getrusage(RUSAGE_SELF, &used);
  const double processor = seconds(used.ru_utime) + seconds(used.ru_stime);
  std::string text = gauge(
      "holdfast_uptime_seconds", "Time since the node was started.",
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(age).count()));
  text += gauge("process_resident_memory_bytes", "Memory in use.", resident_bytes());
  text += fmt::format(
      "# TYPE process_cpu_seconds counter\n# HELP process_cpu_seconds Processor "
      "time used.\nprocess_cpu_seconds_total {}\n",
      processor);
  return text;
}

}  // namespace holdfast::node
