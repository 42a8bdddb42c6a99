// SyncRun walks both sides of a sync in the same order and finds what differs.
//
// Both are read as they are walked, page by page, so that memory does not grow with the tree.
// Removals come last, and only if the source could be read to its end.
#pragma once

#include "cli/session/local_files.h"
#include "cli/session/place.h"
#include "cli/session/remote_list.h"
#include "cli/session/transfer.h"

#include <string>
#include <vector>

namespace holdfast::cli {

struct SyncWish {
  std::string from;
  std::string to;
  bool is_deleting = false;
  bool is_checking = false;
  bool is_following = false;
  TransferOptions transfer;
};

struct SyncCounts {
  std::uint64_t moved = 0;
  std::uint64_t bytes = 0;  // Of those.
  std::uint64_t same = 0;
  std::uint64_t removed = 0;
};

// A file or object below its side's root.
struct SyncEntry {
  std::string path;
  std::uint64_t size = 0;
  WallTime modified;
  bool is_modified_kept = true;  // Else `modified` is when the object was written.
  std::string etag;              // Objects only.
};

// One side, entry after entry.
class SyncSide {
 public:
  virtual ~SyncSide() = default;
  // The entry at which it stands; nothing at the end. Valid until advance().
  virtual Task<Result<const SyncEntry*>> current() = 0;
  virtual void advance() = 0;
};

class SyncRun {
 public:
  SyncRun(Session& session, NodeClient& node, const SyncWish& wish, Transfer& transfer)
      : session_(session), node_(node), wish_(wish), transfer_(transfer) {}

  // Compares, and hands what is to be done to the transfer.
  Task<Result<void>> compare(Place from, Place to);

  // After the transfer has finished.
  SyncCounts counts(const Transfer& transfer) const;

 private:
  Task<Result<void>> check_source(const Place& from);
  Task<void> move(const Place& from, const Place& to, const SyncEntry& source,
                  const SyncEntry* target);
  Task<void> remove(const Place& to);
  bool is_same(const SyncEntry& source, const SyncEntry& target, bool is_upload) const;

  Session& session_;
  NodeClient& node_;
  const SyncWish& wish_;
  Transfer& transfer_;
  std::vector<std::string> extra_;  // Paths that only the target has.
  std::uint64_t same_ = 0;
};

}  // namespace holdfast::cli
