// One thread for each core.
#pragma once

#include "env/linux/thread_pool.h"
#include "env/workers.h"

namespace holdfast::env::linux {

class Workers final : public env::Workers {
 public:
  // `thread_count` 0 means as many as this process may use at a time.
  explicit Workers(boost::asio::any_io_executor loop, unsigned thread_count = 0);

  unsigned count() const override { return pool_.count(); }
  Task<void> run(std::move_only_function<void()> work) override {
    return pool_.run(std::move(work));
  }

 private:
  ThreadPool pool_;
};

}  // namespace holdfast::env::linux
