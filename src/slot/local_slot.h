// LocalSlot keeps a slot in a folder of a disk.
//
// Invariants:
//   - What was acknowledged survives a crash at any point; what was interrupted is cleared away
//   when
//     the slot is opened again.
//   - One process at a time has it open, each under an incarnation of its own that was durable
//   before
//     anybody heard of it.
// Layout: docs/formats/slot.md.
#pragma once

#include "env/disk.h"
#include "env/random.h"
#include "slot/log_store.h"
#include "slot/shard_store.h"
#include "slot/slot.h"
#include "slot/small_files.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::slot {

struct LocalSlotOptions {
  std::uint64_t quota_bytes = 0;         // For shards and logs; 0: the whole disk.
  std::size_t log_file_bytes = 4 * mib;  // A multiple of 1 MiB.

  // Below this much free room the slot calls itself short of it.
  std::uint64_t reserve_bytes = 128 * mib;

  // Where the root of the disk is, for messages that name a file. Copied by who opens a slot.
  std::string_view root{};
};

class LocalSlot final : public Slot {
 public:
  // Remembered of all openings of a slot; the oldest go when there are more.
  static constexpr std::size_t incarnations_max = 65'536;

  // Makes an empty slot in `folder`, whose parents exist. Fails with `already_exists` where there
  // is one, `conflict` if another process has it open.
  static Task<Result<std::unique_ptr<LocalSlot>>> create(env::Disk& disk, std::string folder,
                                                         env::Random& random,
                                                         LocalSlotOptions options = {});

  // Opens the slot in `folder`. `not_found` when there is none, `conflict` if another process has
  // it open, `unsupported` when a newer release wrote it, `corrupt` when it is damaged beyond use.
  // `disk` and `random` must outlive it.
  static Task<Result<std::unique_ptr<LocalSlot>>> open(env::Disk& disk, std::string folder,
                                                       env::Random& random,
                                                       LocalSlotOptions options = {});

  // Waits for what goes on in the background and writes down where the logs end. Call before
  // destroying it, when nothing else is under way; a crash instead loses nothing.
  Task<void> close();

  SlotId id() const override { return id_; }
  Incarnation incarnation() const override { return incarnations_.back(); }

  Task<Result<void>> put_shard(ShardName name, ShardContent content) override;
  Task<Result<void>> read_shard(ShardName name, std::uint32_t first_block,
                                MutableByteView into) override;
  Task<Result<AlignedBuffer>> read_shard_verified(ShardName name, std::uint32_t first_block,
                                                  std::uint32_t block_count) override;
  Task<Result<ShardHead>> head_shard(ShardName name) override;
  Task<Result<void>> remove_shard(ShardName name) override;
  Task<Result<std::vector<ShardName>>> list_shards(std::optional<ShardName> after,
                                                   std::size_t count_max) override;

  Task<Result<void>> create_log(LogWriter writer, LogTail start, Bytes header) override;
  Task<Result<Continued>> continue_log(LogWriter writer, LogTail start, Bytes header,
                                       GenerationId from) override;
  Task<Result<void>> append(LogWriter writer, LogTail before,
                            std::span<const ByteView> records) override;
  Task<Result<FenceReply>> fence(GenerationId generation, std::uint64_t epoch) override;
  Task<Result<std::vector<LogRecord>>> read_log(GenerationId generation, std::uint64_t from,
                                                std::size_t bytes_max) override;
  Task<Result<void>> truncate_log(LogWriter writer, std::uint64_t until) override;
  Task<Result<void>> cut_log(LogWriter writer, LogTail end) override;
  Task<Result<void>> remove_log(LogWriter writer) override;
  Task<Result<std::vector<LogEntry>>> list_logs() override;

  Task<Result<void>> put_block(std::string name, Bytes value) override;
  Task<Result<std::optional<Bytes>>> get_block(std::string name) override;

  Task<Result<Usage>> usage() override;

 private:
  LocalSlot(env::Disk& disk, std::string folder, env::Random& random, LocalSlotOptions options);

  Task<Result<void>> load();
  Task<Result<void>> save_identity();
  Result<void> check_incarnation(const LogWriter& writer) const;
  Result<void> check_quota(std::uint64_t more_bytes) const;

  env::Disk& disk_;
  env::Random& random_;
  std::string folder_;
  std::string root_;
  LocalSlotOptions options_;
  std::unique_ptr<env::Lock> lock_;
  SlotId id_;
  std::vector<Incarnation> incarnations_;  // Newest last.
  SmallFiles small_files_;
  ShardStore shards_;
  LogStore logs_;
};

}  // namespace holdfast::slot
