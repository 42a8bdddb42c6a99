// A file system in memory that knows what of it is durable.
//
// Content is durable after sync() of its file, a name after sync_folder() of its folder, and
// nothing else is: a new file that was synced, in a folder that was not, is lost. A rename is one
// change; it is durable with either of its folders. What a folder's change builds on becomes
// durable with it.
//
// After cut() every call fails with EIO until revive(), and every handle for ever. Calls answer
// with an errno. One thread only.
#pragma once

#include "content.h"

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace holdfast::powercut {

template <class T>
using Outcome = std::expected<T, int>;  // A value or an errno.

struct Inode {
  std::uint64_t number = 0;
  mode_t mode = 0;
  uid_t owner = 0;
  gid_t group = 0;
  timespec accessed{};
  timespec modified{};
  std::uint32_t links = 0;
  std::string path;  // The last that it was given, for rules.
  Content content;
  std::map<std::string, std::shared_ptr<Inode>> names;  // Of a folder.
  std::map<std::string, std::shared_ptr<Inode>> durable_names;

  bool is_folder() const;
};
using Node = std::shared_ptr<Inode>;

// What an open file or folder holds. Dead after a cut.
struct Handle {
  Node node;
  std::uint64_t life = 0;
};

enum class Loss { all, some, none };  // Of what was not synced.
enum class Operation { read, write, sync, names };

class Volume {
 public:
  Volume();

  const Node& root() const { return root_; }

  Outcome<Node> find(const Node& folder, const std::string& name);
  Outcome<Node> make(const Node& folder, const std::string& name, mode_t mode);
  Outcome<void> link(const Node& node, const Node& folder, const std::string& name);
  Outcome<void> remove(const Node& folder, const std::string& name, bool is_folder);
  Outcome<void> rename(const Node& from_folder, const std::string& from, const Node& to_folder,
                       const std::string& to, bool replaces);
  Outcome<Handle> open(const Node& node);
  Outcome<std::size_t> read(const Handle& handle, std::uint64_t offset, std::span<std::byte> into);
  Outcome<void> write(const Handle& handle, std::uint64_t offset, std::span<const std::byte> bytes);
  Outcome<void> resize(const Node& node, std::uint64_t size);
  Outcome<void> reserve(const Handle& handle, std::uint64_t end);  // Grows the file to `end`.
  Outcome<void> clear(const Handle& handle, std::uint64_t offset, std::uint64_t size);
  Outcome<void> sync(const Handle& handle);
  Outcome<void> sync_folder(const Handle& handle);
  Outcome<void> verify_on() const;

  // The power fails now. With Loss::some `seed` decides what stays.
  void cut(Loss loss, std::uint64_t seed);
  // The power fails during the `count`th change from now, which happens in part or not at all.
  void cut_after(std::uint64_t count, Loss loss, std::uint64_t seed);
  void revive() { is_on_ = true; }

  // The next `count` operations of that kind on paths that contain `part` fail with EIO.
  void add_fault(Operation operation, std::string part, std::uint64_t count);
  void clear_faults() { faults_.clear(); }

  bool is_on() const { return is_on_; }
  std::uint64_t cuts() const { return life_; }
  std::uint64_t changes() const { return changes_; }
  std::uint64_t unsynced_names() const { return pending_.size(); }

 private:
  // A change of names that is not durable yet. `to` replaces what was of that name.
  struct Change {
    Node from_folder;  // None: a new name.
    std::string from;
    Node to_folder;  // None: a removal.
    std::string to;
    Node node;
  };
  struct Fault {
    Operation operation;
    std::string part;
    std::uint64_t count;
  };
  struct PlannedCut {
    std::uint64_t left;
    Loss loss;
    std::uint64_t seed;
  };

  Outcome<void> judge(Operation operation, const Inode& node);
  Outcome<void> judge(Operation operation, const Handle& handle);
  // To be called by each change, after it: the planned cut may happen now.
  Outcome<void> count_change();
  void push(Change change);
  static void apply(const Change& change);
  void forget_below(const Node& folder, const std::function<void(Content&)>& forget);
  Outcome<void> verify_replaceable(const Inode& moved, const Inode& present) const;

  std::uint64_t next_number_ = 1;
  Node root_;
  std::list<Change> pending_;  // Oldest first.
  std::vector<Fault> faults_;
  std::optional<PlannedCut> planned_;
  bool is_on_ = true;
  std::uint64_t life_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace holdfast::powercut
