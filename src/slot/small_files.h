// SmallFiles replaces the small files of a slot, on a full disk too: a ballast file keeps room back
// for them, and goes when nothing else is left. So a slot on a full disk can still be opened,
// fenced and truncated, which is what frees room.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/ballast.h"
#include "env/disk.h"

#include <string>

namespace holdfast::slot {

class SmallFiles {
 public:
  static constexpr std::size_t ballast_bytes = 1 * mib;
  // What is left of one on a full disk is kept back again for the next time, down to this.
  static constexpr std::size_t ballast_bytes_min = 32 * kib;

  // `disk` must outlive it. `folder` exists.
  SmallFiles(env::Disk& disk, std::string folder)
      : disk_(disk), ballast_(disk, std::move(folder) + "/ballast") {}

  // Makes the ballast, or enlarges it, as there is room.
  Task<Result<void>> keep_ballast() { return ballast_.lay(ballast_bytes, ballast_bytes_min); }
  // Of the whole size.
  bool has_ballast() const { return ballast_.bytes() >= ballast_bytes; }

  // As env::replace_file(), but fails with `full` only when the ballast is gone already.
  Task<Result<void>> replace(std::string name, ByteView content);

  // As env::Disk::make_folder(), on the same terms.
  Task<Result<void>> make_folder(std::string name);

 private:
  env::Disk& disk_;
  env::Ballast ballast_;
  Mutex giving_;  // Held from the moment it is given up until what is left is kept back again.
};

}  // namespace holdfast::slot
