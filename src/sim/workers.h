// Workers without threads: the work is done at once, on the loop.
#pragma once

#include "env/workers.h"
#include "sim/world.h"

namespace holdfast::sim {

class Workers final : public env::Workers {
 public:
  // The caller goes on in the same turn of the loop.
  Workers() = default;

  // The caller goes on after a span drawn from the seed, while others run: as it is with threads.
  explicit Workers(World& world) : world_(&world) {}

  unsigned count() const override { return 1; }
  Task<void> run(std::move_only_function<void()> work) override;

 private:
  World* world_ = nullptr;
};

}  // namespace holdfast::sim
