// Signals: what the system or its administrator asks of the whole process.
#pragma once

#include "base/task.h"
#include "base/time.h"

#include <memory>

namespace holdfast::node {

enum class Signal {
  end,     // SIGTERM, SIGINT
  reload,  // SIGHUP
};

class Signals {
 public:
  explicit Signals(boost::asio::any_io_executor executor);
  ~Signals();

  // The next one; those that come meanwhile are kept.
  Task<Signal> next();

  // From now on SIGTERM and SIGINT end the process as if nobody listened.
  void end_at_once_on_next();

  // Ends the process after `patience`, unless it has ended by then.
  void end_after(Duration patience);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::node
