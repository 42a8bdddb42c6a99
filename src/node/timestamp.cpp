#include "node/timestamp.h"

#include "base/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace holdfast::node {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
// What fits into 64 bits of nanoseconds, a little rounded: the years 1678 to 2261.
constexpr std::int64_t seconds_max = 9'223'000'000;

// ".25" for a quarter of a second, nothing for none.
std::string decimals(std::int64_t fraction) {
  if (fraction == 0) return {};
  std::string text = fmt::format(".{:09}", fraction);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

// Takes digits off the front of `text`; nothing when there are none.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t digits_max) {
  const std::string_view digits =
      text.substr(0, std::min(digits_max, text.find_first_not_of("0123456789")));
  text.remove_prefix(digits.size());
  return parse_number<std::int64_t>(digits);
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// The decimals after a point that was taken, in nanoseconds.
std::int64_t take_decimals(std::string_view& text) {
  std::int64_t value = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits++ < 9) value = value * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  for (; digits < 9; ++digits) value *= 10;
  return value;
}

std::unexpected<Error> no_time(std::string_view text) {
  return fail(ErrorCode::invalid, fmt::format("`{}` is not a time", text));
}

// Whole seconds and the rest, which is never negative.
std::pair<std::int64_t, std::int64_t> split(WallTime time) {
  const auto whole = std::chrono::floor<seconds>(time.since_epoch);
  return {whole.count(), (time.since_epoch - whole).count()};
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  const auto [whole, fraction] = split(time);
  const auto at = std::chrono::sys_seconds(seconds(whole));
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), decimals(fraction));
}

Result<WallTime> from_rfc3339(std::string_view text) {
  const std::string_view whole = text;
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return no_time(whole);
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return no_time(whole);
  const auto day = take_number(text, 2);
  if (!day || (!take(text, 'T') && !take(text, 't'))) return no_time(whole);
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return no_time(whole);
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ':')) return no_time(whole);
  const auto second = take_number(text, 2);
  if (!second) return no_time(whole);
  const std::int64_t fraction = take(text, '.') ? take_decimals(text) : 0;

  std::int64_t offset = 0;
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool is_ahead = take(text, '+');
    if (!is_ahead && !take(text, '-')) return no_time(whole);
    const auto hours = take_number(text, 2);
    if (!hours || !take(text, ':')) return no_time(whole);
    const auto minutes = take_number(text, 2);
    if (!minutes) return no_time(whole);
    offset = (*hours * 60 + *minutes) * 60 * (is_ahead ? 1 : -1);
  }
  const std::chrono::year_month_day date{std::chrono::year(int(*year)),
                                         std::chrono::month(unsigned(*month)),
                                         std::chrono::day(unsigned(*day))};
  if (!text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
    return no_time(whole);
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  const std::int64_t total = std::chrono::duration_cast<seconds>(days).count() +
                             (*hour * 60 + *minute) * 60 + *second - offset;
  if (total > seconds_max || total < -seconds_max) return no_time(whole);
  return WallTime{nanoseconds(total * nanoseconds_per_second + fraction)};
}

std::string to_decimal_seconds(WallTime time) {
  const auto [whole, fraction] = split(time);
  if (whole >= 0 || fraction == 0) return fmt::format("{}{}", whole, decimals(fraction));
  const std::int64_t nearer = whole + 1;  // Towards zero, where the decimals count from.
  return fmt::format("{}{}{}", nearer == 0 ? "-" : "", nearer,
                     decimals(nanoseconds_per_second - fraction));
}

Result<WallTime> from_decimal_seconds(std::string_view text) {
  const std::string_view whole = text;
  const bool is_negative = take(text, '-');
  const auto count = take_number(text, 11);
  if (!count || *count > seconds_max) return no_time(whole);
  const std::int64_t fraction = take(text, '.') ? take_decimals(text) : 0;
  if (!text.empty()) return no_time(whole);
  const std::int64_t total = *count * nanoseconds_per_second + fraction;
  return WallTime{nanoseconds(is_negative ? -total : total)};
}

}  // namespace holdfast::node
