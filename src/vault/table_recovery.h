// The tables of a vault are a cache of its log. Where they are missing or damaged, or end before
// the log begins, they are put together again from the newest checkpoint that the log names and
// that can be read; what came after it is replayed.
#pragma once

#include "env/workers.h"
#include "slot/slot.h"
#include "vault/checkpoint_record.h"
#include "vault/keys.h"
#include "vault/range_log.h"
#include "vault/table_home.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::vault {

class TableRecovery {
 public:
  // All must outlive it.
  struct Environment {
    RangeLog& log;
    TableHome& home;
    slot::Slot& slot;
    const KeyRing& keys;
    env::Workers& workers;
  };

  explicit TableRecovery(Environment environment) : env_(environment) {}

  // Before the first append to the log. `corrupt` when neither tables nor a checkpoint are left
  // from which the log goes on.
  Task<Result<std::unique_ptr<env::Table>>> open();

  // How many of the newest checkpoints could not be read, so that no other should build on them.
  std::size_t passed_over() const { return passed_over_; }

 private:
  Task<Result<std::unique_ptr<env::Table>>> rebuild(std::string reason);
  Task<Result<std::vector<Checkpoint>>> find_checkpoints();
  Task<Result<std::unique_ptr<env::Table>>> open_from(const Checkpoint& checkpoint);
  Task<Result<void>> restore(const Checkpoint& checkpoint, std::string folder);
  Task<Result<void>> restore_file(const Checkpoint& checkpoint, const CheckpointFile& file,
                                  std::string path);
  Task<Result<Bytes>> read_piece(const SegmentRow& row, const CheckpointPiece& piece);
  Task<Result<void>> check_meets_log(env::Table& table);

  Environment env_;
  std::size_t passed_over_ = 0;
  std::uint64_t restored_bytes_ = 0;
};

}  // namespace holdfast::vault
