#include "cli/session/progress.h"

#include "cli/session/format.h"

#include <fmt/format.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_shows = 100ms;
constexpr Duration rate_window = 3s;

double seconds(Duration span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

Progress::Progress(Terminal& terminal, env::Clock& clock, bool is_quiet)
    : terminal_(terminal),
      clock_(clock),
      is_shown_(!is_quiet && terminal.is_error_shown()),
      started_(clock.now()),
      shown_(started_),
      mark_(started_) {}

void Progress::expect(std::uint64_t files, std::uint64_t bytes) {
  files_expected_ += files;
  bytes_expected_ += bytes;
}

void Progress::add_bytes(std::uint64_t bytes) {
  bytes_ += bytes;
  show();
}

void Progress::add_file() {
  ++files_;
  show();
}

void Progress::clear() {
  if (is_on_screen_) terminal_.draw("\r\033[K");
  is_on_screen_ = false;
}

Duration Progress::elapsed() const {
  return clock_.now() - started_;
}

void Progress::show() {
  if (!is_shown_) return;
  const Instant now = clock_.now();
  if (now - shown_ < between_shows) return;
  shown_ = now;
  if (now - mark_ >= rate_window || rate_ == 0) {
    rate_ = static_cast<double>(bytes_ - mark_bytes_) / seconds(now - mark_);
    mark_ = now;
    mark_bytes_ = bytes_;
  }
  const ProgressFacts facts{.files = files_,
                            .files_expected = files_expected_,
                            .bytes = bytes_,
                            .bytes_expected = bytes_expected_,
                            .rate = rate_,
                            .is_complete = is_complete_};
  terminal_.draw("\r" + progress_line(facts, terminal_.columns() - 1) + "\033[K");
  is_on_screen_ = true;
}

std::string progress_line(const ProgressFacts& facts, std::size_t columns) {
  const std::string more = facts.is_complete ? "" : "+";  // There will be more than is known.
  std::string line = fmt::format("{} of {}{} files", format_count(facts.files),
                                 format_count(facts.files_expected), more);
  line += fmt::format("   {} of {}{}", format_bytes(facts.bytes),
                      format_bytes(facts.bytes_expected), more);
  if (facts.is_complete && facts.bytes_expected > 0) {
    line += fmt::format("   {} %",
                        std::min<std::uint64_t>(100, facts.bytes * 100 / facts.bytes_expected));
  }
  if (facts.rate > 0) {
    line += fmt::format("   {}/s", format_bytes(static_cast<std::uint64_t>(facts.rate)));
    if (facts.is_complete && facts.bytes_expected >= facts.bytes) {
      const double left = static_cast<double>(facts.bytes_expected - facts.bytes) / facts.rate;
      line += fmt::format("   {} left", format_duration(std::chrono::duration_cast<Duration>(
                                            std::chrono::duration<double>(left))));
    }
  }
  return cut_to(line, columns);
}

}  // namespace holdfast::cli
