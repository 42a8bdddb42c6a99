// StartRoom keeps room of the data folder's disk back, by a ballast, for a start when that disk has
// become full. A start must write before it can serve: where S3 is, the register, a file of the
// log, the tables. It gives the ballast up for that; reads and deletes then work, and deletes free
// room. What the start has left of it is kept back again for the next.
#pragma once

#include "base/task.h"
#include "env/ballast.h"

#include <cstdint>

namespace holdfast::node {

class StartRoom {
 public:
  // A start takes 8 MiB for the log, once, and what the tables make of the log's end. On a small
  // disk there is a smaller ballast, of its size over `disk_share`.
  static constexpr std::uint64_t bytes_max = 32 * mib;
  static constexpr std::uint64_t bytes_min = 1 * mib;  // Less is not worth a file.
  static constexpr std::uint64_t disk_share = 16;

  // `disk` is that of the data folder and must outlive it.
  explicit StartRoom(env::Disk& disk) : disk_(disk), ballast_(disk, "ballast") {}

  // Before a start writes anything: gives the ballast up where there is less room than a whole one
  // takes, else does as keep(). What room there is then is for those to find out who need it.
  Task<void> make_room();

  // Lays the ballast, or lets it grow, if a quarter of the room at least is left to others. On a
  // disk that is nearly full it is smaller than elsewhere.
  Task<void> keep();

  std::uint64_t bytes() const { return ballast_.bytes(); }

 private:
  env::Disk& disk_;
  env::Ballast ballast_;
};

}  // namespace holdfast::node
