// What tests and benchmarks of this module share: a loop that lives for one task.
#pragma once

#include "base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace holdfast::env::rocksdb {

// Runs `task` to its end, on a loop of its own.
template <class T>
T run(Task<T> task) {
  boost::asio::io_context loop(1);
  std::optional<T> result;
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr failure, T value) {
    rethrow(failure);
    result.emplace(std::move(value));
  });
  loop.run();
  return std::move(result).value();
}

}  // namespace holdfast::env::rocksdb
