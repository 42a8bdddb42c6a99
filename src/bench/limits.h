// What this machine can do at best: each step that storing and fetching cannot do without, measured
// alone, in the same run as what is compared with it.
//
// Steps of the processor are measured by the processor time of one thread, so that what else runs
// on the machine distorts them less; the disk by the time that passes.
#pragma once

#include "base/result.h"
#include "env/clock.h"
#include "env/random.h"

#include <string>

namespace holdfast::bench {

struct Limits {
  // Seconds of one core for 10^9 bytes, in pieces of 128 KiB.
  double copy = 0;  // To memory that no cache holds.
  double gear = 0;  // Content-defined chunking.
  double blake3 = 0;
  double md5 = 0;
  double sha256 = 0;
  double seal = 0;  // AES-256-GCM.
  double open = 0;
  double zstd = 0;  // Level 1, of bytes as compressible as those sent; 0 for incompressible ones.
  double unzstd = 0;

  // Seconds of one core to take a request of 512 bytes from a loopback connection, and to give an
  // answer of as many: what the kernel charges the bare receive and send.
  double exchange = 0;

  double disk_write = 0;  // Bytes a second: large direct writes, one after the other, then a sync.
  double fdatasync = 0;   // A second: 4 KiB written in place, then synced, by one thread.
};

// Takes some seconds, in which the calling thread does nothing else. `folder`: on the disk that is
// to be measured; a file is made there and removed. `compressible` as in Payload.
Result<Limits> measure_limits(const env::Clock& clock, env::Random& random,
                              const std::string& folder, double compressible);

}  // namespace holdfast::bench
