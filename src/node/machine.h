// Small dealings with the machine that the node runs on.
#pragma once

#include "base/log.h"
#include "base/time.h"
#include "node/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::node {

log::Level log_level_of(const Settings& settings);
log::Format log_format_of(const Settings& settings);

// Removes a file that others look for while the node runs. One that is not there is fine.
void forget_file(const std::string& path);

// Keeps core dumps and debuggers away from the keys in memory.
void guard_memory();

// What the process makes from now on is its user's alone, whoever makes it: RocksDB too.
void guard_files();

// One figure as a family of OpenMetrics.
std::string gauge(std::string_view name, std::string_view help, std::uint64_t value);

// Age, memory and processor time of this process, as families of OpenMetrics.
std::string describe_process(Duration age);

}  // namespace holdfast::node
