// Ordered tables of (key, value) byte strings, in families that change together: RocksDB in earnest
// (env/rocksdb), a map that forgets what was not flushed in simulation (sim/table.h).
//
// A table is a cache of what a log says. apply() changes it at once and atomically, but a crash
// brings back the state of the last flush(), or of some later batch: all families at one point. The
// caller keeps its log position in a row of each batch, and replays from the position that it
// finds. env/table_contract.h holds every implementation to what is promised here.
//
// Every call may be made from the loop only. Keys compare as unsigned bytes.
#pragma once

#include "base/result.h"
#include "base/task.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::env {

// A family by its place in the list that the table was opened with.
using Family = std::uint8_t;

struct FamilyOptions {
  std::string name;
  bool point_lookups = false;  // Keys are mostly looked up whole, and often are not there: filter.
  bool counters = false;       // Values are counters: see Batch::add.
};

// Changes that happen together, in order.
struct Batch {
  enum class Kind : std::uint8_t { put, remove, add, remove_range };
  struct Change {
    Kind kind;
    Family family;
    std::string key;
    std::string value;  // remove_range: the key at which to stop (exclusive).
  };

  void put(Family family, std::string key, std::string value) {
    changes.push_back({Kind::put, family, std::move(key), std::move(value)});
  }
  void remove(Family family, std::string key) {
    changes.push_back({Kind::remove, family, std::move(key), {}});
  }
  void remove_range(Family family, std::string from, std::string until) {
    changes.push_back({Kind::remove_range, family, std::move(from), std::move(until)});
  }
  // Adds to the counters under `key`, in a family opened with `counters`: the value is a run of
  // signed 64-bit little-endian numbers, added one by one; a missing one counts as 0.
  void add(Family family, std::string key, std::vector<std::int64_t> deltas);

  std::vector<Change> changes;
};

std::string encode_counters(const std::vector<std::int64_t>& counters);
std::vector<std::int64_t> decode_counters(std::string_view value);

// The state of all families at one moment. Release it soon: it holds back clean-up.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
};

// What a visitor of scan() wants next.
struct Visit {
  enum class Kind : std::uint8_t { next, seek, stop };

  static Visit next() { return {Kind::next, {}}; }
  static Visit stop() { return {Kind::stop, {}}; }
  // Goes to the first key at or after `key` (backwards: at or before). Only ever goes on: a key
  // that is not ahead means next().
  static Visit seek(std::string key) { return {Kind::seek, std::move(key)}; }

  Kind kind;
  std::string key;
};

struct ScanRange {
  Family family = 0;
  // Where to begin, inclusive. Backwards, "" is the very end.
  std::string from{};
  // Where to stop: before this key; backwards, after it.
  std::optional<std::string> until{};
  bool backwards = false;
  const Snapshot* snapshot = nullptr;  // None: the state when the scan begins.
};

// Called for each row, perhaps on another thread while the caller waits. The views last for the
// call.
using Visitor = std::function<Visit(std::string_view key, std::string_view value)>;

// One of the immutable files that make up a flushed table.
struct TableFile {
  std::string name;
  std::uint64_t size = 0;
};

class Table {
 public:
  virtual ~Table() = default;

  virtual Task<Result<std::optional<std::string>>> get(Family family, std::string key,
                                                       const Snapshot* snapshot = nullptr) = 0;

  // One answer for each key, in their order.
  virtual Task<Result<std::vector<std::optional<std::string>>>> get_many(
      Family family, std::vector<std::string> keys) = 0;

  // Visits rows in order of their keys until the range or the visitor ends it. The whole scan is
  // one hop to another thread, so keep visits short and bounded in number.
  virtual Task<Result<void>> scan(ScanRange range, Visitor visitor) = 0;

  virtual std::unique_ptr<Snapshot> snapshot() = 0;

  virtual Task<Result<void>> apply(Batch batch) = 0;

  // Makes all that was applied before the call durable, for all families at one point.
  virtual Task<Result<void>> flush() = 0;

  // Flushes, and makes `folder` (`already_exists` if it is there; below the table's own disk root)
  // a copy that open() can use, sharing files where it can. Names what is in it.
  virtual Task<Result<std::vector<TableFile>>> copy_to(std::string folder) = 0;

  // Bytes on disk and in memory, roughly.
  struct Usage {
    std::uint64_t disk = 0;
    std::uint64_t memory = 0;
  };
  virtual Usage usage() const = 0;
};

}  // namespace holdfast::env
