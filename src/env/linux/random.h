// Random bytes from the kernel. Safe from any thread.
#pragma once

#include "env/random.h"

namespace holdfast::env::linux {

class Random final : public env::Random {
 public:
  void fill(MutableByteView into) override;
};

}  // namespace holdfast::env::linux
