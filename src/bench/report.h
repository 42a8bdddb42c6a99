// Report sets what was measured beside what the machine can do at best, for people and as JSON.
//
// The chain of an operation is the sum of the steps that no server can do without, each measured
// alone (see Limits): to take and answer a request, and for each byte written chunking, MD5 (the
// ETag), SHA-256 where the body is signed, BLAKE3 twice (the chunk's name, and the tree over what
// is stored), compression, encryption, a copy; for each byte read decryption, decompression, a
// copy.
#pragma once

#include "bench/limits.h"
#include "bench/load.h"

#include <string>
#include <vector>

namespace holdfast::bench {

struct Report {
  LoadOptions options;  // Its secrets are not shown.
  Limits limits;
  std::vector<Measurement> measurements;
  ProcessUse own;  // Of the load generator.
};

// What is derived from a measurement. Ratios are 1 where nothing is lost; nothing where there is no
// such ratio.
struct Figures {
  double requests_per_second = 0;
  double bytes_per_second = 0;
  double keys_per_second = 0;
  double chain_seconds = 0;               // Of one core, for all that was done.
  double rate_of_chain = 0;               // Of what one core could do, by the chain alone.
  std::optional<double> cpu_of_chain{};   // The chain's cost as a share of the server's.
  std::optional<double> rate_of_disk{};   // Bytes written, of the disk's rate.
  std::optional<double> rate_of_syncs{};  // Writes, of the disk's single-threaded syncs.
  std::optional<double> server_seconds_per_gigabyte{};
  std::optional<double> server_seconds_per_thousand{};       // Requests.
  std::optional<double> server_seconds_per_thousand_keys{};  // Listed.
};

Figures figures_of(const Measurement& measurement, const LoadOptions& options,
                   const Limits& limits);

std::string to_table(const Limits& limits);
std::string to_table(const Report& report);
std::string to_json(const Limits& limits);
std::string to_json(const Report& report);

// "0", "64KiB", "4MiB", "1000": as sizes are written in options. `invalid` for anything else.
Result<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t size);

}  // namespace holdfast::bench
