// Slot: what a node offers a vault on one disk, and all that it offers: shards, logs, and a few
// small blocks. Everything in them is ciphertext to the slot.
//
// A shard is written once, whole, and never changes. A log is appended to by one owner at a time:
// its epoch fences off earlier owners, and the slot's incarnation (drawn anew at each opening)
// fences off what was sent to the slot before it was re-opened. LocalSlot (slot/local_slot.h) keeps
// a slot in a folder; later slots answer over the network through this same interface.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "base/task.h"
#include "codec/merkle.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::slot {

inline constexpr std::size_t block_bytes = 16 * kib;  // One leaf of a shard's Merkle tree.
inline constexpr std::size_t shard_bytes_max = 64 * mib;
inline constexpr std::size_t record_bytes_max = 16 * mib;  // One record of a log.
inline constexpr std::size_t batch_bytes_max = 32 * mib;   // All records of one append.
inline constexpr std::size_t block_value_bytes_max = 64 * kib;

struct ShardName {
  SegmentId segment;
  std::uint8_t number = 0;

  auto operator<=>(const ShardName&) const = default;
};

// What to store: pieces that lie end to end, in all a multiple of block_bytes, with the hash and
// the CRC32C of each block, computed by the writer where the bytes were made.
struct ShardContent {
  std::vector<ByteView> pieces;
  std::span<const codec::MerkleHash> leaves;
  std::span<const std::uint32_t> checksums;
};

struct ShardHead {
  std::uint64_t size = 0;
  codec::MerkleHash root;
};

// The end of a chain of records: the last record's number and the hash over all up to it.
using ChainHash = codec::MerkleHash;
struct LogTail {
  std::uint64_t sequence = 0;  // Of the last record; the next has sequence + 1.
  ChainHash chain{};

  bool operator==(const LogTail&) const = default;
};

// chain' = BLAKE3 keyed by nothing secret over (chain, sequence, record); see docs/formats/log.md.
ChainHash extend_chain(const ChainHash& chain, std::uint64_t sequence, ByteView record);

// On whose behalf a log is written. Refused with `conflict` unless `epoch` is at least the one that
// the log was fenced at, and `incarnation` is the slot's newest.
struct LogWriter {
  GenerationId generation;
  std::uint64_t epoch = 0;
  Incarnation incarnation;
};

struct LogRecord {
  std::uint64_t sequence = 0;
  Bytes content;
};

struct FenceReply {
  std::vector<Incarnation> incarnations;  // Every one that the slot ever drew, newest last.
  LogTail before;                         // Where the chain stands before the oldest record kept.
  LogTail tail;
};

struct LogEntry {
  GenerationId generation;
  std::uint64_t epoch = 0;  // The highest that it was created or fenced with.
  bool is_damaged = false;  // The slot knows that it made this log, and cannot find or read it.
  Bytes header;
};

class Slot {
 public:
  virtual ~Slot() = default;

  virtual SlotId id() const = 0;
  virtual Incarnation incarnation() const = 0;

  // --- Shards. All fail with `io` when the disk does, put with `full` when there is no room.

  // Durable when it returns. Checks the CRCs against the bytes (`corrupt`). The same content again
  // is fine; other content under a name that exists is `conflict`.
  virtual Task<Result<void>> put_shard(ShardName name, ShardContent content) = 0;

  // Fills `into`, memory of an AlignedBuffer or whole pages of one, with as many whole blocks. Not
  // checked against their hashes: the reader's decryption does that.
  virtual Task<Result<void>> read_shard(ShardName name, std::uint32_t first_block,
                                        MutableByteView into) = 0;

  // The same, with every block checked against its leaf hash and the leaves against the root:
  // `corrupt` if one lies.
  virtual Task<Result<AlignedBuffer>> read_shard_verified(ShardName name, std::uint32_t first_block,
                                                          std::uint32_t block_count) = 0;

  virtual Task<Result<ShardHead>> head_shard(ShardName name) = 0;
  virtual Task<Result<void>> remove_shard(ShardName name) = 0;  // Content if it is gone already.

  // Up to `count_max` names after `after`, in order.
  virtual Task<Result<std::vector<ShardName>>> list_shards(std::optional<ShardName> after,
                                                           std::size_t count_max) = 0;

  // --- Logs.

  // Makes an empty log whose records begin after `start`. A generation that the slot made before
  // and no longer has is `corrupt`, never made again; one that it has, with the same header and
  // nothing in it yet, is fine.
  virtual Task<Result<void>> create_log(LogWriter writer, LogTail start, Bytes header) = 0;

  // Makes a log as create_log() does, which begins with what the slot holds of the fenced log
  // `from` behind `start`: as much as it can have without writing it again, perhaps nothing. All of
  // that is checked against its chain (`corrupt`). Both logs stand on their own afterwards.
  struct Continued {
    LogTail tail;             // Where the new log ends.
    std::uint64_t bytes = 0;  // Of its records.
  };
  virtual Task<Result<Continued>> continue_log(LogWriter writer, LogTail start, Bytes header,
                                               GenerationId from) = 0;

  // Appends `records` after `before` and makes them durable with one sync. Already there with the
  // same chain: fine. There but different, fenced or of an old incarnation: `conflict`, and the
  // writer must stop. A gap: `invalid`, with the tail in words. Fails with `not_found` for a log
  // that was never created.
  virtual Task<Result<void>> append(LogWriter writer, LogTail before,
                                    std::span<const ByteView> records) = 0;

  // Durably forbids appends of epochs below `epoch`; what is in the log is synced before it
  // returns. `not_found` for a log never created here, `corrupt` for one that is damaged,
  // `conflict` when fenced already at a higher epoch.
  virtual Task<Result<FenceReply>> fence(GenerationId generation, std::uint64_t epoch) = 0;

  // Records from `from` on, as many as fit in `bytes_max`, at least one if there is one. A record
  // damaged on disk, with a valid one after it, is `corrupt`; a torn tail simply ends the log.
  virtual Task<Result<std::vector<LogRecord>>> read_log(GenerationId generation, std::uint64_t from,
                                                        std::size_t bytes_max) = 0;

  // Forgets records below `until`, in units that suit the slot.
  virtual Task<Result<void>> truncate_log(LogWriter writer, std::uint64_t until) = 0;

  // Drops records after `end`, of a log that ended there by agreement of its successors.
  virtual Task<Result<void>> cut_log(LogWriter writer, LogTail end) = 0;

  // Removes a log that no generation still refers to; its name is remembered.
  virtual Task<Result<void>> remove_log(LogWriter writer) = 0;

  virtual Task<Result<std::vector<LogEntry>>> list_logs() = 0;

  // --- Blocks: small values under short names ([a-z0-9-], at most 32), replaced atomically,
  // durable.

  virtual Task<Result<void>> put_block(std::string name, Bytes value) = 0;
  virtual Task<Result<std::optional<Bytes>>> get_block(std::string name) = 0;

  struct Usage {
    std::uint64_t size = 0;  // The quota, or the whole disk.
    std::uint64_t free = 0;
    std::uint64_t shards = 0;  // Bytes.
    std::uint64_t logs = 0;    // Bytes.
    bool is_short = false;     // Little is left: nothing should be written that does not free room.
  };
  virtual Task<Result<Usage>> usage() = 0;
};

}  // namespace holdfast::slot
