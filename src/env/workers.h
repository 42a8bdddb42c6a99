// Threads for what keeps a processor busy: hashing, compressing, encrypting, encoding.
#pragma once

#include "base/check.h"
#include "base/task.h"

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace holdfast::env {

class Workers {
 public:
  virtual ~Workers() = default;

  // How many pieces of work run at a time; at least 1.
  virtual unsigned count() const = 0;

  // Runs `work` on a worker thread (in simulation: at once) and returns on the caller's loop when
  // it is done. `work` must neither throw nor touch what the loop may change meanwhile. A hop costs
  // some ten microseconds, so hand over batches.
  virtual Task<void> run(std::move_only_function<void()> work) = 0;

  // The same for work with a result.
  template <class Work>
  Task<std::invoke_result_t<Work&>> call(Work work) {
    std::optional<std::invoke_result_t<Work&>> result;
    co_await run([&result, &work] { result.emplace(work()); });
    co_return std::move(*result);
  }
};

}  // namespace holdfast::env
