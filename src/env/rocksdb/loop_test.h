// What tests and benchmarks of this module share: the loop that tables stay with.
#pragma once

#include "base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace holdfast::env::rocksdb {

inline boost::asio::io_context& loop() {
  static boost::asio::io_context loop(1);
  return loop;
}

// Runs `task` to its end.
template <class T>
T run(Task<T> task) {
  std::optional<T> result;
  boost::asio::co_spawn(loop(), std::move(task), [&](std::exception_ptr failure, T value) {
    rethrow(failure);
    result.emplace(std::move(value));
  });
  loop().restart();
  loop().run();
  return std::move(result).value();
}

}  // namespace holdfast::env::rocksdb
