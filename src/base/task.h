// Task<T> is what every coroutine returns. The only Asio header that a header may include.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <exception>

namespace holdfast {

template <class T>
using Task = boost::asio::awaitable<T>;

// The completion of a spawned coroutine that nobody waits for: what it threw goes to whoever runs
// the loop, where asio::detached would drop it.
inline constexpr auto rethrow = [](std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
};

}  // namespace holdfast
