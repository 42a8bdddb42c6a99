// One record of the range's log, as bytes: changes of rows, and chunks of open segments. The byte
// table is in docs/formats/journal.md.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "env/table.h"
#include "vault/segment_format.h"

#include <vector>

namespace holdfast::vault {

// A chunk that the log keeps until its segment is sealed.
struct Frame {
  ChunkId id;
  Place place;
  ByteView sealed;  // As it lies in the segment.
};

struct JournalRecord {
  env::Batch changes;
  std::vector<Frame> frames;
};

Bytes encode_record(const env::Batch& changes, const std::vector<Frame>& frames);

// The frames' views are into `bytes`. `unsupported` for a version from the future, else `corrupt`.
Result<JournalRecord> decode_record(ByteView bytes);

}  // namespace holdfast::vault
