// Ballast: a file that holds nothing, and so keeps room of a disk back. Who must write on a full
// disk gives it up for that.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/disk.h"

#include <cstdint>
#include <string>

namespace holdfast::env {

class Ballast {
 public:
  // `disk` must outlive it. The folder of the file `name` exists.
  Ballast(Disk& disk, std::string name) : disk_(disk), name_(std::move(name)) {}

  // Looks for the one that was laid before.
  Task<void> find();

  // Lays it, or lets it grow, to `size` bytes; where there is no room for them to half as many, and
  // so on, down to `least`. It never shrinks by this. Where there is no room at all it goes, as it
  // does where this fails: part of one only takes room away. What was laid outlives a crash.
  Task<Result<void>> lay(std::uint64_t size, std::uint64_t least);

  // Whether there was one, whose room is free now.
  Task<bool> give_up();

  // As far as it was found or laid; 0 without one.
  std::uint64_t bytes() const { return bytes_; }

 private:
  Task<Result<std::uint64_t>> reserve(std::uint64_t size, std::uint64_t least);

  Disk& disk_;
  std::string name_;
  std::uint64_t bytes_ = 0;
};

}  // namespace holdfast::env
