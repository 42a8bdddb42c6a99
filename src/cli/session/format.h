// Quantities as people read them.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::cli {

// "0 B", "1023 B", "1.0 KiB", "12.3 MiB", "345 GiB": three digits at least where there are any.
std::string format_bytes(std::uint64_t bytes);

// "0:07", "12:34", "1:02:03", "2 days".
std::string format_duration(Duration span);

// "2026-11-21 08:01" in the zone of whoever looks.
std::string format_time(WallTime time);

// "1,234,567".
std::string format_count(std::uint64_t count);

// "1 file", "2 files".
std::string count_of(std::uint64_t count, std::string_view one, std::string_view many);

// How many columns of a terminal UTF-8 text takes, roughly: one for each character.
std::size_t columns_of(std::string_view text);

// At most `columns` of them, ended by "…" where something is cut away.
std::string cut_to(std::string_view text, std::size_t columns);

// Which control characters may stay: the line's end and the tab, or none.
enum class Controls { lines, none };

// Text for a terminal, which obeys control characters (C0, DEL, C1) instead of showing them, turns
// the text around marks of direction, and shows nothing for other characters of format: "\n" and
// "\u202e" for those that may not stay, as JSON has them. Joiners and selectors that stand where
// scripts and emoji need them stay. All else is left as it is.
std::string without_controls(std::string_view text, Controls kept);

}  // namespace holdfast::cli
