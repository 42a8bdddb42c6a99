// ShardStore keeps the shards of a slot, each in a file that is written once: under a name of its
// own first, then moved to its place, so that a shard is there whole or not at all.
//
// Files lie in two levels of folders named for the first two bytes of the segment's id.
#pragma once

#include "base/result.h"
#include "base/sync.h"
#include "base/task.h"
#include "env/disk.h"
#include "slot/shard_format.h"
#include "slot/slot.h"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace holdfast::slot {

class ShardStore {
 public:
  static constexpr std::size_t open_files_max = 64;
  static constexpr std::size_t write_bytes_max = 4 * mib;  // At a time.

  // `folder` exists; `disk` must outlive the store.
  ShardStore(env::Disk& disk, std::string folder)
      : disk_(disk), folder_(std::move(folder)), fresh_(folder_ + "/new") {}

  // Removes what a crash left unfinished and adds up what is there. Once, before anything else.
  Task<Result<void>> open();

  // As in Slot.
  Task<Result<void>> put(ShardName name, ShardContent content);
  Task<Result<void>> read(ShardName name, std::uint32_t first_block, MutableByteView into);
  Task<Result<AlignedBuffer>> read_verified(ShardName name, std::uint32_t first_block,
                                            std::uint32_t block_count);
  Task<Result<ShardHead>> head(ShardName name);
  Task<Result<void>> remove(ShardName name);
  Task<Result<std::vector<ShardName>>> list(std::optional<ShardName> after, std::size_t count_max);

  std::uint64_t size_bytes() const { return size_bytes_; }  // On disk.

 private:
  struct OpenShard {
    ShardName name;
    std::uint32_t block_count = 0;
    std::unique_ptr<env::File> file;
  };
  using Handle = std::shared_ptr<OpenShard>;

  Task<Result<Handle>> open_shard(ShardName name);
  Task<Result<ShardFooter>> read_footer(Handle shard);
  Task<Result<void>> read_blocks(Handle shard, std::uint32_t first_block, MutableByteView into);
  Task<Result<bool>> has_already(ShardName name, codec::MerkleHash root);
  Task<Result<void>> put_alone(ShardName name, ShardContent content);
  Task<Result<void>> write_file(std::string path, ShardName name, const ShardContent& content);
  Task<Result<void>> make_folders(std::string leaf_folder);
  Task<Result<void>> add_folder(std::string parent, std::string path);
  void forget_handle(ShardName name);
  std::string folder_of(ShardName name) const;

  env::Disk& disk_;
  std::string folder_;
  std::string fresh_;
  std::uint64_t names_ever_ = 0;
  std::uint64_t size_bytes_ = 0;
  std::list<Handle> handles_;                      // Last used first.
  std::unordered_set<std::string> known_folders_;  // Made durably; at most 65,792.
  std::set<ShardName> being_put_;
  WaitList put_ended_;
};

}  // namespace holdfast::slot
