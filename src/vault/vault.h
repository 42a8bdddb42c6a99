// Vault: a tenant's encrypted, deduplicated store of chunks, and the ordered tables of its catalog,
// made durable by one log.
//
// Invariants:
//   - What commit() acknowledged survives any crash, with all content that it refers to.
//   - read() gives exactly the bytes that were written, or an error.
//   - A record is durable first, then visible, then acknowledged.
// One event loop owns a vault.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/table.h"
#include "vault/content.h"
#include "vault/record.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace holdfast::vault {

// Families of the vault's own rows in its Table. The catalog's follow from first_catalog_family on.
inline constexpr env::Family first_catalog_family = 8;

// Takes a stream of bytes apart. Memory stays within one stream's credit whatever is written:
// write() waits while the bytes before have not found their place.
class ContentWriter {
 public:
  virtual ~ContentWriter() = default;

  // `bytes` may be reused when it returns.
  virtual Task<Result<void>> write(ByteView bytes) = 0;

  // Once, at the end. The content is safe after commit() of a record that it is attached to.
  virtual Task<Result<Content>> finish() = 0;
};

// Puts bytes together again, in order, reading ahead.
class ContentReader {
 public:
  virtual ~ContentReader() = default;

  // The next pieces, in order, none of them empty; no piece at the end. The views are valid until
  // the next call. `corrupt` names the object and offset by `label` of open_reader().
  virtual Task<Result<std::span<const ByteView>>> read() = 0;
};

// Who knows which chunks are still needed: the catalog. Asked during collection.
class LiveChunks {
 public:
  using Sink = std::function<Task<Result<void>>(std::vector<ChunkId>)>;

  virtual ~LiveChunks() = default;

  // Hands every chunk that a row visible in `snapshot` names to `sink`, in any order, in batches,
  // repeats allowed.
  virtual Task<Result<void>> visit(const env::Snapshot& snapshot, Sink sink) = 0;
};

struct VaultUsage {
  std::uint64_t unique_bytes = 0;  // Plain bytes of the chunks kept.
  std::uint64_t stored_bytes = 0;  // Bytes of segments and logs in slots.
  std::uint64_t chunk_count = 0;
  std::uint64_t segment_count = 0;
};

class Vault {
 public:
  virtual ~Vault() = default;

  // The tables, for reading. Changed by commit() only.
  virtual env::Table& table() = 0;

  // Durable, applied, then returned: the record's sequence. `full` when there is no room (nothing
  // is changed), `unavailable` when the owner's time is over.
  virtual Task<Result<std::uint64_t>> commit(Record record) = 0;

  // Equal bytes are stored once within a dedupe domain (one user's buckets), and have unrelated
  // names in others, so that nobody can probe for what others hold. Fails with `full` when there is
  // no room for more content.
  virtual Task<Result<std::unique_ptr<ContentWriter>>> open_writer(std::uint64_t domain = 0) = 0;

  // Reads `size` bytes from `offset` of the content made of `extents`. `label` names it in errors.
  virtual std::unique_ptr<ContentReader> open_reader(std::vector<Extent> extents,
                                                     std::uint64_t offset, std::uint64_t size,
                                                     std::string label) = 0;

  // For a record that takes chunks from rows that exist already (a copy): says so to the collector.
  // `not_found` if one is gone.
  virtual Task<Result<Content>> reuse(std::vector<Extent> extents) = 0;

  // Whether reads may be answered: see RangeLog::may_serve().
  virtual bool may_serve() const = 0;

  // Full: reads and deletes only.
  virtual bool is_read_only() const = 0;

  virtual Task<Result<VaultUsage>> usage() = 0;

  // Finds chunks that nothing needs and frees their room. Returns the bytes freed.
  virtual Task<Result<std::uint64_t>> collect(LiveChunks& live) = 0;

  // For when nobody writes: makes the log short, which otherwise keeps what it holds until much
  // more has come.
  virtual Task<Result<void>> rest() = 0;

  // Ends in order: what was acknowledged is safe without it too.
  virtual Task<void> close() = 0;
};

}  // namespace holdfast::vault
