// Numbers hands out numbers that were never handed out before, in ascending order: for directories,
// contents and streams. It reserves them in blocks, so a crash skips some.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "vault/vault.h"

#include <cstdint>

namespace holdfast::catalog {

class Numbers {
 public:
  static constexpr std::uint64_t block = 4096;

  explicit Numbers(vault::Vault& vault) : vault_(vault) {}

  // Before all else: finds where to go on.
  Task<Result<void>> load();

  // Rarely waits for a record that reserves the next block.
  Task<Result<std::uint64_t>> next();

 private:
  vault::Vault& vault_;
  Mutex reserving_;
  std::uint64_t next_ = 1;
  std::uint64_t reserved_ = 1;  // Numbers below may be handed out.
};

}  // namespace holdfast::catalog
