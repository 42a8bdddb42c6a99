// TableHome is where a vault keeps its tables: a folder of immutable files on a local disk. The
// vault opens them there, copies them into segments from there, and puts them there again when they
// are lost.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/disk.h"
#include "env/table.h"

#include <memory>
#include <string>

namespace holdfast::vault {

class TableHome {
 public:
  virtual ~TableHome() = default;

  // Opens what is in folder(), or makes empty tables there. One is open at a time. The families are
  // vault_families() and whatever else lies in the tables.
  virtual Task<Result<std::unique_ptr<env::Table>>> open() = 0;

  // Table::copy_to() knows folders by the same names. A file of a copy begins with bytes that no
  // other content under its name begins with (64 of them at most).
  virtual env::Disk& disk() = 0;
  virtual std::string folder() const = 0;
};

// Removes a folder with all that is in it; content if there is none.
Task<Result<void>> remove_tree(env::Disk& disk, std::string folder);

}  // namespace holdfast::vault
