#include "gateway/s3/protocol/times.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace holdfast::s3 {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Parts {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  unsigned millisecond = 0;
  unsigned weekday = 0;
};

Parts split(WallTime time) {
  const std::chrono::sys_time<Duration> point(time.since_epoch);
  const auto day = floor<days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<std::chrono::milliseconds>(point - day));
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .hour = static_cast<unsigned>(clock.hours().count()),
          .minute = static_cast<unsigned>(clock.minutes().count()),
          .second = static_cast<unsigned>(clock.seconds().count()),
          .millisecond = static_cast<unsigned>(clock.subseconds().count()),
          .weekday = std::chrono::weekday(day).c_encoding()};
}

std::optional<WallTime> join(const Parts& parts) {
  const std::chrono::year_month_day date{
      std::chrono::year(parts.year), std::chrono::month(parts.month), std::chrono::day(parts.day)};
  // Nanoseconds since 1970 in 64 bits end in 2262; a leap second is the next one's first.
  if (!date.ok() || parts.year < 1970 || parts.year > 2200 || parts.hour > 23 ||
      parts.minute > 59 || parts.second > 60) {
    return std::nullopt;
  }
  return WallTime{std::chrono::sys_days(date).time_since_epoch() + hours(parts.hour) +
                  minutes(parts.minute) + seconds(parts.second)};
}

// Walks a text by a pattern. Once something does not fit, all that follows is ignored.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  unsigned number(std::size_t digits) {
    unsigned value = 0;
    if (rest_.size() < digits) return fail();
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  // Like "%e" of C: a day of one digit has a space before it.
  unsigned padded_day() {
    if (!rest_.starts_with(' ')) return number(2);
    rest_.remove_prefix(1);
    return number(1);
  }
  unsigned month() {
    for (unsigned i = 0; i < months.size(); ++i) {
      if (rest_.starts_with(months[i])) {
        rest_.remove_prefix(3);
        return i + 1;
      }
    }
    return fail();
  }
  void literal(std::string_view text) {
    if (!rest_.starts_with(text)) {
      fail();
      return;
    }
    rest_.remove_prefix(text.size());
  }
  void fraction() {
    if (!rest_.starts_with('.')) return;
    const auto end = rest_.find_first_not_of("0123456789", 1);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end);
  }
  bool is_done() const { return !failed_ && rest_.empty(); }

 private:
  unsigned fail() {
    failed_ = true;
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

void scan_clock(Scanner& scanner, Parts& parts) {
  parts.hour = scanner.number(2);
  scanner.literal(":");
  parts.minute = scanner.number(2);
  scanner.literal(":");
  parts.second = scanner.number(2);
}

// Sunday, 06-Nov-94 08:49:37 GMT
std::optional<WallTime> parse_rfc850(std::string_view text) {
  Parts parts;
  Scanner scanner(text.substr(text.find(',')));
  scanner.literal(", ");
  parts.day = scanner.number(2);
  scanner.literal("-");
  parts.month = scanner.month();
  scanner.literal("-");
  const auto year = static_cast<int>(scanner.number(2));
  parts.year = year < 70 ? 2000 + year : 1900 + year;
  scanner.literal(" ");
  scan_clock(scanner, parts);
  scanner.literal(" GMT");
  return scanner.is_done() ? join(parts) : std::nullopt;
}

// Sun Nov  6 08:49:37 1994
std::optional<WallTime> parse_asctime(std::string_view text) {
  Parts parts;
  Scanner scanner(text.size() < 4 ? std::string_view() : text.substr(3));
  scanner.literal(" ");
  parts.month = scanner.month();
  scanner.literal(" ");
  parts.day = scanner.padded_day();
  scanner.literal(" ");
  scan_clock(scanner, parts);
  scanner.literal(" ");
  parts.year = static_cast<int>(scanner.number(4));
  return scanner.is_done() ? join(parts) : std::nullopt;
}

}  // namespace

std::string format_http_time(WallTime time) {
  const auto p = split(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays[p.weekday], p.day,
                     months[p.month - 1], p.year, p.hour, p.minute, p.second);
}

std::string format_iso_time(WallTime time) {
  const auto p = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", p.year, p.month, p.day, p.hour,
                     p.minute, p.second, p.millisecond);
}

std::string format_amz_time(WallTime time) {
  const auto p = split(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", p.year, p.month, p.day, p.hour, p.minute,
                     p.second);
}

std::optional<WallTime> parse_http_time(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == text.npos) return parse_asctime(text);
  if (comma != 3) return parse_rfc850(text);
  Parts parts;
  Scanner scanner(text.substr(comma));
  scanner.literal(", ");
  parts.day = scanner.number(2);
  scanner.literal(" ");
  parts.month = scanner.month();
  scanner.literal(" ");
  parts.year = static_cast<int>(scanner.number(4));
  scanner.literal(" ");
  scan_clock(scanner, parts);
  scanner.literal(" GMT");
  return scanner.is_done() ? join(parts) : std::nullopt;
}

std::optional<WallTime> parse_amz_time(std::string_view text) {
  Parts parts;
  Scanner scanner(text);
  parts.year = static_cast<int>(scanner.number(4));
  parts.month = scanner.number(2);
  parts.day = scanner.number(2);
  scanner.literal("T");
  parts.hour = scanner.number(2);
  parts.minute = scanner.number(2);
  parts.second = scanner.number(2);
  scanner.literal("Z");
  return scanner.is_done() ? join(parts) : std::nullopt;
}

std::optional<WallTime> parse_iso_time(std::string_view text) {
  Parts parts;
  Scanner scanner(text);
  parts.year = static_cast<int>(scanner.number(4));
  scanner.literal("-");
  parts.month = scanner.number(2);
  scanner.literal("-");
  parts.day = scanner.number(2);
  scanner.literal("T");
  scan_clock(scanner, parts);
  scanner.fraction();
  scanner.literal("Z");
  return scanner.is_done() ? join(parts) : std::nullopt;
}

WallTime whole_seconds(WallTime time) {
  return {floor<seconds>(time.since_epoch)};
}

}  // namespace holdfast::s3
