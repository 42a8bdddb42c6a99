// Where unpredictable bytes come from: the kernel in earnest, a seed in simulation.
#pragma once

#include "base/bytes.h"
#include "base/id.h"

#include <cstdint>

namespace holdfast::env {

class Random {
 public:
  virtual ~Random() = default;

  // Fills `into`; never blocks for long, cannot fail.
  virtual void fill(MutableByteView into) = 0;

  template <class AnyId>
  AnyId draw() {
    AnyId id;
    fill(id.bytes);
    return id;
  }
  std::uint64_t draw_number() {
    std::uint64_t number = 0;
    fill(std::as_writable_bytes(std::span(&number, 1)));
    return number;
  }
};

}  // namespace holdfast::env
