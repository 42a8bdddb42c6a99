// Meter counts what a server does: requests by method and status, bytes either way, and how long
// answers take.
#pragma once

#include "env/clock.h"
#include "net/http.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::node {

class Meter {
 public:
  // `server` is the label of its figures: "s3" or "api". `clock` must outlive it.
  Meter(std::string server, env::Clock& clock) : server_(std::move(server)), clock_(clock) {}

  // Handles the request with `handler`, and counts it.
  Task<void> measure(net::Exchange& exchange, const net::Handler& handler);

  std::size_t requests_at_work() const { return at_work_; }

  // Changes whenever a request begins, or a byte of a body passes.
  std::uint64_t activity() const { return begun_ + bytes_in_ + bytes_out_; }

  // Bounds of the histogram of durations, in seconds.
  static constexpr std::array<double, 9> bounds{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};

  // What it has counted, as families of OpenMetrics. Meters of several servers are written
  // together, because each family stands once.
  static std::string render(const std::vector<const Meter*>& meters);

 private:
  class Measured;

  std::string server_;
  env::Clock& clock_;
  std::uint64_t begun_ = 0;
  std::size_t at_work_ = 0;
  std::map<std::pair<std::string, unsigned>, std::uint64_t> requests_;  // By method and status.
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::array<std::uint64_t, bounds.size() + 1> durations_{};
  double seconds_ = 0;
};

}  // namespace holdfast::node
