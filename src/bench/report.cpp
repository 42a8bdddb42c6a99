#include "bench/report.h"

#include "base/number.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <limits>
#include <utility>

namespace holdfast::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double gigabyte = 1e9;
constexpr double megabyte = 1e6;
constexpr std::uint64_t large_bytes_min = 64 * kib;  // From here on costs are told by size.

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 6> units{{
    {"GiB", gib},
    {"MiB", mib},
    {"KiB", kib},
    {"G", gib},
    {"M", mib},
    {"K", kib},
}};

double seconds_per_byte_written(const LoadOptions& options, const Limits& limits) {
  const double hash = options.protection == Protection::none ? 0 : limits.sha256;
  return (limits.gear + limits.md5 + hash + 2 * limits.blake3 + limits.zstd + limits.seal +
          limits.copy) /
         gigabyte;
}

double seconds_per_byte_read(const Limits& limits) {
  return (limits.open + limits.unzstd + limits.copy) / gigabyte;
}

double chain_of(Operation operation, std::uint64_t size, const Tally& tally,
                const LoadOptions& options, const Limits& limits) {
  const auto count = static_cast<double>(tally.count);
  const auto bytes = static_cast<double>(tally.bytes);
  double exchanges = count;
  double moved = 0;
  if (operation == Operation::multipart) {
    const std::uint64_t parts = (size + options.part_bytes - 1) / options.part_bytes;
    exchanges *= 2 + static_cast<double>(parts);
  }
  if (operation == Operation::put || operation == Operation::multipart) {
    moved = bytes * seconds_per_byte_written(options, limits);
  }
  if (operation == Operation::get) moved = bytes * seconds_per_byte_read(limits);
  return exchanges * limits.exchange + moved;
}

bool writes(Operation operation) {
  return operation == Operation::put || operation == Operation::multipart ||
         operation == Operation::remove;
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string shown(std::optional<double> number, int digits) {
  return number ? fmt::format("{:.{}f}", *number, digits) : "-";
}

std::string cost_shown(const Measurement& measurement, const Figures& figures) {
  if (measurement.operation == Operation::list) {
    const auto& cost = figures.server_seconds_per_thousand_keys;
    return cost ? fmt::format("{:.4f}/1k keys", *cost) : "-";
  }
  const bool is_large = measurement.all.bytes > 0 && measurement.size >= large_bytes_min;
  const auto& cost =
      is_large ? figures.server_seconds_per_gigabyte : figures.server_seconds_per_thousand;
  return cost ? fmt::format("{:.3f}/{}", *cost, is_large ? "GB" : "1k") : "-";
}

std::string row(const Measurement& measurement, std::string_view name, const Tally& tally,
                const Report& report) {
  const Figures figures = figures_of(measurement, report.options, report.limits);
  const double seconds = measurement.seconds;
  const auto peak = measurement.server_peak_bytes;
  const bool is_whole = &tally == &measurement.all;
  return fmt::format(
      "{:<14}{:>8}{:>11.1f}{:>10.1f}{:>10.2f}{:>10.2f}{:>10.2f}{:>8}{:>16}{:>9}{:>9}{:>9}{:>9}\n",
      name, format_size(measurement.size), static_cast<double>(tally.count) / seconds,
      static_cast<double>(tally.bytes) / seconds / megabyte,
      milliseconds(tally.latency.quantile(0.5)), milliseconds(tally.latency.quantile(0.99)),
      milliseconds(tally.latency.max()), tally.error_count(),
      is_whole ? cost_shown(measurement, figures) : "",
      is_whole ? shown(figures.cpu_of_chain ? figures.cpu_of_chain : figures.rate_of_chain, 2) : "",
      is_whole ? shown(figures.rate_of_disk, 2) : "",
      is_whole ? shown(figures.rate_of_syncs, 2) : "",
      is_whole && peak ? std::to_string(*peak / mib) : "");
}

Json json_of(const Limits& limits) {
  return {
      {"copy_cpu_s_per_gb", limits.copy},
      {"gear_cpu_s_per_gb", limits.gear},
      {"blake3_cpu_s_per_gb", limits.blake3},
      {"md5_cpu_s_per_gb", limits.md5},
      {"sha256_cpu_s_per_gb", limits.sha256},
      {"aes_gcm_seal_cpu_s_per_gb", limits.seal},
      {"aes_gcm_open_cpu_s_per_gb", limits.open},
      {"zstd_cpu_s_per_gb", limits.zstd},
      {"unzstd_cpu_s_per_gb", limits.unzstd},
      {"exchange_cpu_s", limits.exchange},
      {"disk_write_bytes_per_s", limits.disk_write},
      {"fdatasync_per_s", limits.fdatasync},
  };
}

Json json_of(const Tally& tally, double seconds) {
  return {
      {"requests", tally.count},
      {"bytes", tally.bytes},
      {"keys", tally.keys},
      {"requests_per_s", static_cast<double>(tally.count) / seconds},
      {"bytes_per_s", static_cast<double>(tally.bytes) / seconds},
      {"keys_per_s", static_cast<double>(tally.keys) / seconds},
      {"latency_ms",
       {{"p50", milliseconds(tally.latency.quantile(0.5))},
        {"p99", milliseconds(tally.latency.quantile(0.99))},
        {"max", milliseconds(tally.latency.max())}}},
      {"error_count", tally.error_count()},
      {"errors", tally.errors},
  };
}

void add(Json& json, const char* name, std::optional<double> number) {
  if (number) json[name] = *number;
}

Json json_of(const Measurement& measurement, const Report& report) {
  const Figures figures = figures_of(measurement, report.options, report.limits);
  Json json = {{"operation", to_string(measurement.operation)},
               {"size", measurement.size},
               {"concurrency", report.options.concurrency},
               {"seconds", measurement.seconds}};
  json.update(json_of(measurement.all, measurement.seconds));
  for (const auto& [kind, tally] : measurement.kinds) {
    json["kinds"][std::string(to_string(kind))] = json_of(tally, measurement.seconds);
  }
  Json& ratios = json["ratios"] = {{"rate_of_chain", figures.rate_of_chain}};
  add(ratios, "cpu_of_chain", figures.cpu_of_chain);
  add(ratios, "rate_of_disk_write", figures.rate_of_disk);
  add(ratios, "rate_of_fdatasync", figures.rate_of_syncs);
  json["chain_cpu_s"] = figures.chain_seconds;
  if (measurement.server_seconds) {
    Json& server = json["server"] = {{"cpu_s", *measurement.server_seconds}};
    add(server, "cpu_s_per_gb", figures.server_seconds_per_gigabyte);
    add(server, "cpu_s_per_1000", figures.server_seconds_per_thousand);
    add(server, "cpu_s_per_1000_keys", figures.server_seconds_per_thousand_keys);
    server["peak_rss_bytes"] = measurement.server_peak_bytes.value_or(0);
  }
  return json;
}

std::string_view to_string(Protection protection) {
  switch (protection) {
    case Protection::none:
      return "unsigned";
    case Protection::hash:
      return "signed";
    case Protection::chunks:
      return "streaming";
  }
  std::unreachable();
}

}  // namespace

Figures figures_of(const Measurement& measurement, const LoadOptions& options,
                   const Limits& limits) {
  const Tally& all = measurement.all;
  const double seconds = std::max(measurement.seconds, 1e-9);
  const auto count = static_cast<double>(all.count);
  const auto bytes = static_cast<double>(all.bytes);
  const auto keys = static_cast<double>(all.keys);
  Figures figures{.requests_per_second = count / seconds,
                  .bytes_per_second = bytes / seconds,
                  .keys_per_second = keys / seconds};
  if (measurement.kinds.empty()) {
    figures.chain_seconds = chain_of(measurement.operation, measurement.size, all, options, limits);
  }
  for (const auto& [kind, tally] : measurement.kinds) {
    figures.chain_seconds += chain_of(kind, measurement.size, tally, options, limits);
  }
  figures.rate_of_chain = figures.chain_seconds / seconds;
  if (writes(measurement.operation) && limits.fdatasync > 0) {
    figures.rate_of_syncs = figures.requests_per_second / limits.fdatasync;
    if (bytes > 0) figures.rate_of_disk = figures.bytes_per_second / limits.disk_write;
  }
  if (!measurement.server_seconds || count == 0) return figures;
  const double spent = *measurement.server_seconds;
  if (spent > 0) figures.cpu_of_chain = figures.chain_seconds / spent;
  if (bytes > 0) figures.server_seconds_per_gigabyte = spent / bytes * gigabyte;
  figures.server_seconds_per_thousand = spent / count * 1000;
  if (keys > 0) figures.server_seconds_per_thousand_keys = spent / keys * 1000;
  return figures;
}

std::string to_table(const Limits& limits) {
  const auto rate = [](double seconds) {
    return seconds > 0 ? fmt::format("{:.2f} GB/s", 1 / seconds) : std::string("-");
  };
  return fmt::format(
      "This machine, one core: copy {}, chunking {}, BLAKE3 {}, MD5 {}, SHA-256 {},\n"
      "AES-GCM {} (open {}), zstd {} (back {}), loopback request {:.1f} us.\n"
      "Its disk: writes {:.0f} MB/s, {:.0f} fdatasync/s.\n",
      rate(limits.copy), rate(limits.gear), rate(limits.blake3), rate(limits.md5),
      rate(limits.sha256), rate(limits.seal), rate(limits.open), rate(limits.zstd),
      rate(limits.unzstd), limits.exchange * 1e6, limits.disk_write / megabyte, limits.fdatasync);
}

std::string to_table(const Report& report) {
  std::string text = to_table(report.limits);
  const bool has_server = report.options.server_process != 0;
  text +=
      fmt::format("\n{:<14}{:>8}{:>11}{:>10}{:>10}{:>10}{:>10}{:>8}{:>16}{:>9}{:>9}{:>9}{:>9}\n",
                  "operation", "size", "requests/s", "MB/s", "p50 ms", "p99 ms", "max ms", "errors",
                  "server CPU s", "of chain", "of disk", "of syncs", "peak MiB");
  for (const auto& measurement : report.measurements) {
    text += row(measurement, to_string(measurement.operation), measurement.all, report);
    for (const auto& [kind, tally] : measurement.kinds) {
      text += row(measurement, fmt::format("  {}", to_string(kind)), tally, report);
    }
    for (const auto& [error, times] : measurement.all.errors) {
      text += fmt::format("  {} times: {}\n", times, error);
    }
  }
  text += has_server ? "\nof chain: the cost of the steps no server can do without, of what this "
                       "one spent.\n"
                     : "\nof chain: the rate, of what the steps no server can do without allow one "
                       "core.\n";
  text += fmt::format(
      "{} requests at a time, bodies {}, {:.0f} % compressible. The load "
      "generator: {:.1f} CPU s, {} MiB.\n",
      report.options.concurrency, to_string(report.options.protection),
      report.options.compressible * 100, report.own.seconds, report.own.peak_bytes / mib);
  return text;
}

std::string to_json(const Limits& limits) {
  return json_of(limits).dump(2);
}

std::string to_json(const Report& report) {
  Json json = {
      {"endpoint", report.options.target.endpoint},
      {"payload", to_string(report.options.protection)},
      {"compressible", report.options.compressible},
      {"limits", json_of(report.limits)},
      {"client", {{"cpu_s", report.own.seconds}, {"peak_rss_bytes", report.own.peak_bytes}}},
      {"runs", Json::array()}};
  for (const auto& measurement : report.measurements) {
    json["runs"].push_back(json_of(measurement, report));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  const std::string_view unit = text.substr(digits.size());
  const auto number = parse_number<std::uint64_t>(digits);
  std::uint64_t factor = unit.empty() || unit == "B" ? 1 : 0;
  for (const auto& [name, size] : units) {
    if (unit == name) factor = size;
  }
  if (!number || factor == 0 || *number > std::numeric_limits<std::uint64_t>::max() / factor) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no size: write 1000, 4KiB, 64MiB or 1GiB", text));
  }
  return *number * factor;
}

std::string format_size(std::uint64_t size) {
  for (const auto& [name, unit] : units) {
    if (size >= unit && size % unit == 0) return fmt::format("{}{}", size / unit, name);
  }
  return fmt::format("{}B", size);
}

}  // namespace holdfast::bench
