// EmbeddedCoordination is the coordination of a grid of one machine: a register with all rows, kept
// in the data folder and on every slot.
//
// Whoever opens it holds the lock of the data folder, so nothing races. Invariants:
//   - A change counts once every living member holds it, at least m+1 of them; a member that fails
//     is struck off by a write of its own before the change counts. One whose disk is full only
//     waits for the next change.
//   - At start the highest sequence among the members' copies is the newest that ever counted, or a
//     newer one that was being written; it is written to all again before anybody hears of it.
#pragma once

#include "base/sync.h"
#include "codec/secret.h"
#include "env/disk.h"
#include "env/own_file.h"
#include "grid/coordination.h"
#include "grid/register.h"
#include "slot/slot.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace holdfast::grid {

class EmbeddedCoordination final : public Coordination {
 public:
  // The members: the file `path` on `disk`, and each of `slots`. `losses_max` is m, how many
  // members may be lost at a time. `root` says where the disk is, for messages. All others must
  // outlive it. When more than m of the members that the newest copy names cannot be read, it fails
  // with `corrupt` if their copies are damaged or gone, `unavailable` if one of them is not here: a
  // good copy alone may be one that was struck off, and older than it seems. Also `corrupt` when
  // copies are there and none of them is good under `key`.
  static Task<Result<std::unique_ptr<EmbeddedCoordination>>> open(env::Disk& disk, std::string path,
                                                                  std::vector<slot::Slot*> slots,
                                                                  const codec::SecretKey& key,
                                                                  unsigned losses_max,
                                                                  std::string root = {});

  Task<Result<Row>> get(std::string name) override;

  // Also fails with `invalid` for a name or value that is too long, `full` when the register is or
  // no member has room (nothing has changed then, and it may be tried again), and `unavailable`
  // when fewer than m+1 members took the change: what came of it is unknown then, and every later
  // change fails as well.
  Task<Result<std::uint64_t>> set(std::string name, std::uint64_t expected, Bytes value) override;

 private:
  EmbeddedCoordination(env::Disk& disk, std::string path, std::vector<slot::Slot*> slots,
                       const codec::SecretKey& key, unsigned losses_max, std::string root)
      : disk_(disk),
        root_(std::move(root)),
        path_(std::move(path)),
        slots_(std::move(slots)),
        key_(key.copy()),
        losses_max_(losses_max) {}

  Task<Result<void>> load();
  std::string describe(SlotId member) const;
  Task<Result<std::optional<Register>>> read_from(SlotId member);
  Task<Result<void>> write_to(SlotId member, Bytes bytes);
  Task<Result<void>> write(Register value);
  slot::Slot* slot_of(SlotId member) const;

  env::Disk& disk_;
  std::string root_;
  std::string path_;
  std::vector<slot::Slot*> slots_;
  codec::SecretKey key_;
  unsigned losses_max_;
  Register register_;
  std::set<SlotId> waiting_;  // Left out for want of room: each change tries them again.
  bool has_failed_ = false;
  Mutex changing_;
};

}  // namespace holdfast::grid
