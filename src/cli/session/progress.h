// Progress: one line on standard error that tells how far a transfer is, how fast, and how long it
// still takes. Shown on a terminal only, and never more often than ten times a second.
#pragma once

#include "base/time.h"
#include "cli/session/terminal.h"
#include "env/clock.h"

#include <cstdint>
#include <string>

namespace holdfast::cli {

class Progress {
 public:
  // Shows nothing if `is_quiet`.
  Progress(Terminal& terminal, env::Clock& clock, bool is_quiet);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // More work has been found. Until all is, no time left is told.
  void expect(std::uint64_t files, std::uint64_t bytes);
  void expect_no_more() { is_complete_ = true; }

  void add_bytes(std::uint64_t bytes);
  void add_file();

  // Takes the line away, for other output or at the end. The next change shows it again.
  void clear();

  Duration elapsed() const;

 private:
  void show();

  Terminal& terminal_;
  env::Clock& clock_;
  bool is_shown_;
  bool is_on_screen_ = false;
  bool is_complete_ = false;
  std::uint64_t files_ = 0;
  std::uint64_t files_expected_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_expected_ = 0;
  Instant started_;
  Instant shown_;
  // The rate is that of the last few seconds: a point in the past, moved on from time to time.
  Instant mark_;
  std::uint64_t mark_bytes_ = 0;
  double rate_ = 0;  // Bytes a second.
};

// The line, for at most `columns`: "  12 of 34 files   1.2 GiB of 3.4 GiB   35 %   210 MiB/s   0:12
// left".
struct ProgressFacts {
  std::uint64_t files = 0;
  std::uint64_t files_expected = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_expected = 0;
  double rate = 0;
  bool is_complete = false;
};
std::string progress_line(const ProgressFacts& facts, std::size_t columns);

}  // namespace holdfast::cli
