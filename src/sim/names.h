// The folders of a simulated disk: the names that programs see, and those that a crash would leave.
//
// Each creation, renaming and removal happens as a whole or not at all. sync() of a folder makes
// those durable that touched it, and those that these build upon. The rest a crash keeps or loses
// one by one, but never one that builds upon a lost one.
#pragma once

#include "base/result.h"
#include "sim/stored_file.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::sim {

struct Node {
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  bool is_folder = false;
  StoredFile file{};
  Names names{};
  Names durable_names{};
};

class Names {
 public:
  using NodePointer = std::shared_ptr<Node>;
  using FileVisitor = std::function<void(const std::string& name, StoredFile& file)>;

  // "" is the root. Fails with `not_found` or `invalid`.
  Result<NodePointer> find(const std::string& name) const;
  Result<NodePointer> find_folder(const std::string& name) const;

  Result<NodePointer> create_file(const std::string& name);
  Result<void> make_folder(const std::string& name);
  Result<void> remove(const std::string& name, bool is_folder);
  Result<void> rename(const std::string& from, const std::string& to);
  Result<void> link(const std::string& from, const std::string& to);

  Result<void> sync(const std::string& folder);

  // A sync that fails on its way: some of what it would have made durable is.
  void sync_in_part(Random& random);

  // Afterwards programs see what the crash left; `visit` sees each file of it.
  void crash(Random& random, Loss loss, const FileVisitor& visit);

  void for_each_file(const FileVisitor& visit) const;

 private:
  // One name in one folder means another node now, or none.
  struct Effect {
    NodePointer folder;
    std::string name;
    NodePointer node;
  };
  using Change = std::vector<Effect>;

  static bool overlaps(const Change& one, const Change& other);
  static void store(const Change& change);
  void apply(Change change);
  Result<NodePointer> find_place(const std::string& name) const;
  void settle(Random& random, double kept);

  NodePointer root_ = std::make_shared<Node>(Node{.is_folder = true});
  std::vector<Change> unsynced_;
};

}  // namespace holdfast::sim
