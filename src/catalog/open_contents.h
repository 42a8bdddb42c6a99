// OpenContents knows what is being read, so that a body that was overwritten or removed meanwhile
// stays readable, and its chunks are not collected.
//
// Invariant: a chunk that an open body may still need is reported by each visit() that begins while
// the body is open. A body counts as open from the moment that its row is read: where a visit began
// between the read and the opening, open() says so and the row must be read again.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/extent_cursor.h"
#include "vault/vault.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::catalog {

// Extents read at a time: 128 MiB of an object, 36 KiB of memory.
inline constexpr std::size_t open_extents_max = 1024;

// A body that is being read or copied.
struct OpenBody : std::enable_shared_from_this<OpenBody> {
  using Registry = std::map<std::uint64_t, OpenBody*>;

  OpenBody() = default;
  OpenBody(const OpenBody&) = delete;
  OpenBody& operator=(const OpenBody&) = delete;
  ~OpenBody() {
    if (registry != nullptr) registry->erase(number);
  }

  // Makes `run` the next extents; there must be some left.
  Task<Result<void>> advance(env::Table& table);

  ExtentRun run;                                  // The extents at work.
  std::shared_ptr<const env::Snapshot> snapshot;  // The rows of the rest, while there is a rest.
  Body body;
  std::uint64_t size = 0;
  std::uint64_t position = 0;  // After `run`.
  std::uint64_t until = 0;
  std::shared_ptr<Registry> registry;  // Where it is listed under its number.
  std::uint64_t number = 0;
};

class OpenContents {
 public:
  explicit OpenContents(vault::Vault& vault) : vault_(vault) {}

  // Before a row is read.
  std::uint64_t visits_ever() const { return visits_ever_; }

  // Opens `from` to `until` of a body whose row was read in `snapshot`, taken when visits_ever()
  // was `visits`. Nothing if that has changed: take another snapshot and read the row again.
  Task<Result<std::shared_ptr<OpenBody>>> open(ObjectRow row, std::uint64_t from,
                                               std::uint64_t until,
                                               std::unique_ptr<env::Snapshot> snapshot,
                                               std::uint64_t visits);

  // The bytes, to be read at leisure.
  std::unique_ptr<vault::ContentReader> read(std::shared_ptr<OpenBody> open, std::uint64_t from,
                                             std::uint64_t until, std::string label);

  // Hands over the chunks of all that is open, in batches.
  Task<Result<void>> visit(const vault::LiveChunks::Sink& sink);

 private:
  vault::Vault& vault_;
  std::uint64_t visits_ever_ = 0;
  std::uint64_t opened_ever_ = 0;
  // Readers may end after the catalog did.
  std::shared_ptr<OpenBody::Registry> open_ = std::make_shared<OpenBody::Registry>();
};

}  // namespace holdfast::catalog
