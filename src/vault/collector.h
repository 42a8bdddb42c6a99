// Collector finds chunks that nothing needs and gives their room back: mark, condemn, declare dead,
// compact. docs/design/garbage.md says why each step is where it is.
//
// While a cycle runs, whatever is found, stored or relied on counts as needed
// (vault/chunk_index.h), so that what is condemned was needed by nobody before the cycle's
// snapshot, nor since.
#pragma once

#include "env/table.h"
#include "env/workers.h"
#include "vault/chunk_index.h"
#include "vault/chunk_reader.h"
#include "vault/journal.h"
#include "vault/segment_store.h"
#include "vault/vault.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace holdfast::vault {

class Collector {
 public:
  // All must outlive it.
  struct Environment {
    env::Table& table;
    Journal& journal;
    ChunkIndex& index;
    SegmentStore& segments;
    ChunkFetcher& fetcher;
    slot::Slot& slot;
    const KeyRing& keys;
    env::Workers& workers;
  };

  explicit Collector(Environment environment) : env_(environment) {}

  // One cycle. One at a time. What it frees is gone from the disk after the next checkpoint.
  // Returns the bytes of segments that are dead now.
  Task<Result<std::uint64_t>> collect(LiveChunks& live);

 private:
  struct Candidate {
    ChunkId id;
    Place place;
  };
  using Page = std::vector<Candidate>;

  Task<Result<void>> raise_collection();
  Task<Result<void>> mark(LiveChunks& live, const env::Snapshot& snapshot);
  Task<Result<void>> sweep(const env::Snapshot& snapshot);
  Task<Result<Page>> read_page(const env::Snapshot& snapshot, const std::string& from);
  Task<Result<void>> drop_marked(Page& page);
  Task<Result<void>> condemn(Page page);
  Task<Result<std::uint64_t>> bury();
  Task<bool> is_named(SegmentNumber number, SegmentRow row);
  Task<Result<void>> clear_marks();

  // Compaction, in compactor.cpp.
  struct Moves;
  Task<Result<void>> compact();
  Task<Result<std::vector<SegmentNumber>>> choose_victims();
  Task<Result<void>> empty_segment(SegmentNumber victim, Moves& moves);
  Task<Result<std::vector<ChunkEntry>>> read_chunk_table(const SegmentRow& row);
  Task<Result<void>> move_chunk(const Candidate& chunk, Moves& moves);
  Task<Result<void>> register_moves(Moves& moves);

  Task<Result<std::vector<std::int64_t>>> counters_of(SegmentNumber number);

  Environment env_;
};

}  // namespace holdfast::vault
