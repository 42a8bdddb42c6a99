// CheckpointWriter brings the files of the tables into segments of their own kind: what is new
// since the checkpoint before, for such files never change. Each segment is durable, read back and
// known to the log before the next one begins; what a crash leaves is known as well.
#pragma once

#include "env/disk.h"
#include "env/table.h"
#include "env/workers.h"
#include "slot/slot.h"
#include "vault/checkpoint_record.h"
#include "vault/journal.h"
#include "vault/keys.h"
#include "vault/segment_store.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::vault {

// The key that pieces of checkpoints are named under: no user's dedupe domain.
codec::SecretKey checkpoint_id_key(const KeyRing& keys);

class CheckpointWriter {
 public:
  // All must outlive it. `disk` has the files.
  struct Environment {
    SegmentStore& segments;
    Journal& journal;
    slot::Slot& slot;
    const KeyRing& keys;
    env::Workers& workers;
    env::Disk& disk;
    const bool& is_ending;  // Once true, it gives up.
  };

  explicit CheckpointWriter(Environment environment)
      : env_(environment), id_key_(checkpoint_id_key(environment.keys)) {}

  // Once. What `before` (may be null) has of `files` stays where it is, unless most of its segment
  // is of no more use. Uses one open segment at a time, and 4 MiB. `full` when there is no room.
  Task<Result<Checkpoint>> write(std::string folder, std::vector<env::TableFile> files,
                                 const Checkpoint* before, std::uint64_t applied);

 private:
  using Known = std::map<std::string, const CheckpointFile*>;

  Task<Result<void>> write_files(std::string folder, std::vector<env::TableFile> files,
                                 const Checkpoint* before);
  Task<Result<Known>> find_known(std::string folder, std::vector<env::TableFile> files,
                                 const Checkpoint* before);
  Task<Result<CheckpointFile>> append_file(std::string path, env::TableFile file);
  Task<Result<CheckpointPiece>> append_piece(env::File& file, std::uint64_t offset,
                                             std::uint64_t left);
  Task<Result<void>> make_room();
  Task<Result<void>> finish_segment();
  Task<Result<void>> read_back(std::uint32_t size);

  Environment env_;
  codec::SecretKey id_key_;
  Checkpoint checkpoint_;
  std::shared_ptr<OpenSegment> segment_;
  Bytes piece_;
};

}  // namespace holdfast::vault
