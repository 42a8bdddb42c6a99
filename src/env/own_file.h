// Small files that nobody but this program writes: what is wrong with one is damage, and told to
// people with the whole path.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"
#include "env/disk.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::env {

// As read_file(), but `corrupt` where that is `invalid`: the file is larger than it ever was
// written, or no file.
Task<Result<Bytes>> read_own_file(Disk& disk, std::string name, std::size_t size_max);

// The file `path` of a disk whose root is `root`, for people. `path` where that is not known.
std::string path_shown(std::string_view root, std::string_view path);

}  // namespace holdfast::env
