// Starts a program in a child with least rights. Part of env/linux/processes.h.
#pragma once

#include "env/linux/descriptor.h"
#include "env/processes.h"

namespace holdfast::env::linux {

struct Spawned {
  int id;
  Descriptor handle;  // A pidfd: readable once the child has ended.
};

// Returns once the program runs, or says why it does not.
Result<Spawned> spawn(const ProcessOptions& options);

}  // namespace holdfast::env::linux
