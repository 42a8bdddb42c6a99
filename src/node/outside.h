// Outside: the real world, as everything is handed it: clocks, random bytes, threads for work.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/workers.h"

#include <memory>

namespace holdfast::node {

class Outside {
 public:
  // `loop` runs on one thread and outlives it.
  static Result<std::unique_ptr<Outside>> open(boost::asio::any_io_executor loop);

  env::Clock& clock() { return *clock_; }
  env::Random& random() { return *random_; }
  env::Workers& workers() { return *workers_; }

 private:
  Outside() = default;

  std::unique_ptr<env::Clock> clock_;
  std::unique_ptr<env::Random> random_;
  std::unique_ptr<env::Workers> workers_;
};

}  // namespace holdfast::node
