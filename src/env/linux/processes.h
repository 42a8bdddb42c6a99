// Children of this process: nothing of it leaks into them, and they do not outlive it.
#pragma once

#include "env/processes.h"

#include <boost/asio/any_io_executor.hpp>

namespace holdfast::env::linux {

class Processes final : public env::Processes {
 public:
  // A child ends when the thread that started it does, so the loop must run on one that lasts.
  explicit Processes(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}

  // Fails with `not_found` or `denied` if the program, folder or log file does.
  Task<Result<std::unique_ptr<Process>>> start(ProcessOptions options) override;

 private:
  boost::asio::any_io_executor loop_;
};

}  // namespace holdfast::env::linux
