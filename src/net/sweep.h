// Sweep ends what takes too long on many connections with one timer: at each tick it looks at the
// deadlines of all. So a deadline costs a store when it is set, and nothing when it is met.
#pragma once

#include "base/task.h"
#include "base/time.h"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::net {

class Link;

class Sweep : public std::enable_shared_from_this<Sweep> {
 public:
  using Tick = std::uint64_t;
  static constexpr Tick never = std::numeric_limits<Tick>::max();

  // Ticks once in `period` while there are links.
  Sweep(const boost::asio::any_io_executor& executor, Duration period)
      : timer_(executor), period_(period) {}

  // The tick at which `span` has certainly passed.
  Tick after(Duration span) const;
  Tick now() const { return tick_; }

  // Each link is told of by itself, and is in the list while it is to be watched.
  void add(Link& link);
  void remove(Link& link);
  const std::vector<Link*>& links() const { return links_; }

  // The value of a Date field (RFC 9110, section 5.6.7), no older than a tick.
  const std::string& date() const { return date_; }

 private:
  static Task<void> run(std::shared_ptr<Sweep> self);
  void expire();
  void refresh_date();

  boost::asio::steady_timer timer_;
  Duration period_;
  Tick tick_ = 0;
  bool is_running_ = false;
  std::vector<Link*> links_;
  std::string date_;
};

}  // namespace holdfast::net
