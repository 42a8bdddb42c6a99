#include "node/meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace holdfast::node {
namespace {

// Methods are an attacker's choice; figures are kept for those that are served.
std::string_view known_method(std::string_view method) {
  static constexpr std::array<std::string_view, 5> known{"GET", "HEAD", "PUT", "POST", "DELETE"};
  const auto* found = std::ranges::find(known, method);
  return found == known.end() ? "other" : *found;
}

std::string family(std::string_view name, std::string_view kind, std::string_view help) {
  return fmt::format("# TYPE {0} {1}\n# HELP {0} {2}\n", name, kind, help);
}

}  // namespace

// The exchange as the handler sees it, with what passes through counted.
class Meter::Measured final : public net::Exchange {
 public:
  Measured(Meter& meter, net::Exchange& exchange) : meter_(meter), exchange_(exchange) {}

  const net::Request& request() const override { return exchange_.request(); }

  Task<Result<std::size_t>> read(MutableByteView into) override {
    auto count = co_await exchange_.read(into);
    if (count) meter_.bytes_in_ += *count;
    co_return count;
  }

  Task<Result<void>> start(net::ResponseHead head) override {
    begin(head.status);
    return exchange_.start(std::move(head));
  }

  Task<Result<void>> write(std::span<const ByteView> pieces) override {
    for (const ByteView piece : pieces) meter_.bytes_out_ += piece.size();
    return exchange_.write(pieces);
  }

  Task<Result<void>> respond(net::ResponseHead head, std::string body) override {
    begin(head.status);
    meter_.bytes_out_ += body.size();
    return exchange_.respond(std::move(head), std::move(body));
  }

  void abort() override { exchange_.abort(); }

  Task<Result<std::unique_ptr<net::RawConnection>>> upgrade(net::ResponseHead head) override {
    begin(head.status);
    return exchange_.upgrade(std::move(head));
  }

  unsigned status() const { return status_; }

 private:
  void begin(unsigned status) {
    has_started_ = true;
    status_ = status;
  }

  Meter& meter_;
  net::Exchange& exchange_;
  unsigned status_ = 500;  // What the server makes of a handler that does not answer.
};

Task<void> Meter::measure(net::Exchange& exchange, const net::Handler& handler) {
  const Instant begun = clock_.now();
  ++begun_;
  ++at_work_;
  Measured measured(*this, exchange);
  co_await handler(measured);
  --at_work_;
  const double seconds = std::chrono::duration<double>(clock_.now() - begun).count();
  const auto place = std::ranges::lower_bound(bounds, seconds) - bounds.begin();
  ++durations_[static_cast<std::size_t>(place)];
  seconds_ += seconds;
  ++requests_[{std::string(known_method(exchange.request().method)), measured.status()}];
}

std::string Meter::render(const std::vector<const Meter*>& meters) {
  std::string text = family("holdfast_requests", "counter", "Requests answered.");
  for (const Meter* meter : meters) {
    for (const auto& [key, count] : meter->requests_) {
      text +=
          fmt::format("holdfast_requests_total{{server=\"{}\",method=\"{}\",status=\"{}\"}} {}\n",
                      meter->server_, key.first, key.second, count);
    }
  }
  text += family("holdfast_requests_at_work", "gauge", "Requests being answered.");
  for (const Meter* meter : meters) {
    text += fmt::format("holdfast_requests_at_work{{server=\"{}\"}} {}\n", meter->server_,
                        meter->at_work_);
  }
  text += family("holdfast_body_bytes", "counter", "Bytes of bodies, received and sent.");
  for (const Meter* meter : meters) {
    text += fmt::format(
        "holdfast_body_bytes_total{{server=\"{0}\",direction=\"in\"}} {1}\n"
        "holdfast_body_bytes_total{{server=\"{0}\",direction=\"out\"}} {2}\n",
        meter->server_, meter->bytes_in_, meter->bytes_out_);
  }
  text +=
      family("holdfast_request_seconds", "histogram", "Time from head to the end of the answer.");
  for (const Meter* meter : meters) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < meter->durations_.size(); ++i) {
      count += meter->durations_[i];
      const std::string bound = i < bounds.size() ? fmt::format("{}", bounds[i]) : "+Inf";
      text += fmt::format("holdfast_request_seconds_bucket{{server=\"{}\",le=\"{}\"}} {}\n",
                          meter->server_, bound, count);
    }
    text += fmt::format(
        "holdfast_request_seconds_count{{server=\"{0}\"}} {1}\n"
        "holdfast_request_seconds_sum{{server=\"{0}\"}} {2}\n",
        meter->server_, count, meter->seconds_);
  }
  return text;
}

}  // namespace holdfast::node
