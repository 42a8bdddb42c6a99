#include "sim/names.h"

#include "env/disk.h"

#include <algorithm>

namespace holdfast::sim {
namespace {

std::unexpected<Error> is_missing(const std::string& name) {
  return fail(ErrorCode::not_found, name + ": no such file or folder");
}

void visit_files(const Node& folder, const std::string& path, const Names::FileVisitor& visit) {
  for (const auto& [name, node] : folder.names) {
    if (node->is_folder) {
      visit_files(*node, path + name + '/', visit);
    } else {
      visit(path + name, node->file);
    }
  }
}

void forget_unsynced(Node& folder) {
  folder.names = folder.durable_names;
  for (const auto& [name, node] : folder.names) {
    if (node->is_folder) forget_unsynced(*node);
  }
}

}  // namespace

Result<Names::NodePointer> Names::find(const std::string& name) const {
  if (name.empty()) return root_;
  TRY(env::check_name(name));
  NodePointer node = root_;
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const auto found = node->names.find(name.substr(start, end - start));
    if (found == node->names.end()) return is_missing(name);
    node = found->second;
    start = end + 1;
    if (start <= name.size() && !node->is_folder) {
      return fail(ErrorCode::invalid, name + ": a file is no folder");
    }
  }
  return node;
}

Result<Names::NodePointer> Names::find_folder(const std::string& name) const {
  TRY_LET(NodePointer node, find(name));
  if (!node->is_folder) return fail(ErrorCode::invalid, name + ": a file is no folder");
  return node;
}

Result<Names::NodePointer> Names::find_place(const std::string& name) const {
  TRY(env::check_name(name));
  return find_folder(env::folder_of(name));
}

Result<Names::NodePointer> Names::create_file(const std::string& name) {
  TRY_LET(const NodePointer folder, find_place(name));
  if (folder->names.contains(env::leaf_of(name))) {
    return fail(ErrorCode::already_exists, name + " exists");
  }
  auto node = std::make_shared<Node>();
  apply({{folder, env::leaf_of(name), node}});
  return node;
}

Result<void> Names::make_folder(const std::string& name) {
  TRY_LET(const NodePointer folder, find_place(name));
  if (const auto present = folder->names.find(env::leaf_of(name)); present != folder->names.end()) {
    if (present->second->is_folder) return {};
    return fail(ErrorCode::already_exists, name + ": there is a file of that name");
  }
  apply({{folder, env::leaf_of(name), std::make_shared<Node>(Node{.is_folder = true})}});
  return {};
}

Result<void> Names::remove(const std::string& name, bool is_folder) {
  TRY_LET(const NodePointer folder, find_place(name));
  TRY_LET(const NodePointer node, find(name));
  if (node->is_folder != is_folder) return fail(ErrorCode::invalid, name + " is of another kind");
  if (!node->names.empty()) return fail(ErrorCode::conflict, name + ": the folder is not empty");
  apply({{folder, env::leaf_of(name), nullptr}});
  return {};
}

Result<void> Names::rename(const std::string& from, const std::string& to) {
  TRY(env::check_name(from));
  TRY(env::check_name(to));
  TRY_LET(const NodePointer old_folder, find_place(from));
  TRY_LET(const NodePointer node, find(from));
  TRY_LET(const NodePointer new_folder, find_place(to));
  if (node->is_folder && (to + '/').starts_with(from + '/')) {
    return fail(ErrorCode::invalid, from + ": a folder cannot move into itself");
  }
  if (const auto present = new_folder->names.find(env::leaf_of(to));
      present != new_folder->names.end()) {
    if (present->second == node) return {};
    if (present->second->is_folder != node->is_folder) {
      return fail(ErrorCode::invalid, to + " is of another kind");
    }
    if (!present->second->names.empty()) {
      return fail(ErrorCode::conflict, to + ": the folder is not empty");
    }
  }
  apply({{old_folder, env::leaf_of(from), nullptr}, {new_folder, env::leaf_of(to), node}});
  return {};
}

Result<void> Names::link(const std::string& from, const std::string& to) {
  TRY(env::check_name(from));
  TRY_LET(const NodePointer node, find(from));
  TRY_LET(const NodePointer folder, find_place(to));
  if (node->is_folder) return fail(ErrorCode::unsupported, from + " is a folder");
  if (folder->names.contains(env::leaf_of(to))) {
    return fail(ErrorCode::already_exists, to + " exists");
  }
  apply({{folder, env::leaf_of(to), node}});
  return {};
}

bool Names::overlaps(const Change& one, const Change& other) {
  return std::ranges::any_of(one, [&other](const Effect& mine) {
    return std::ranges::any_of(other, [&mine](const Effect& theirs) {
      return mine.folder == theirs.folder && mine.name == theirs.name;
    });
  });
}

void Names::store(const Change& change) {
  for (const auto& [folder, name, node] : change) {
    if (node) {
      folder->durable_names[name] = node;
    } else {
      folder->durable_names.erase(name);
    }
  }
}

void Names::apply(Change change) {
  for (const auto& [folder, name, node] : change) {
    if (node) {
      folder->names[name] = node;
    } else {
      folder->names.erase(name);
    }
  }
  unsynced_.push_back(std::move(change));
}

Result<void> Names::sync(const std::string& folder) {
  TRY_LET(const NodePointer target, find_folder(folder));
  std::vector<bool> is_needed(unsynced_.size());
  for (std::size_t i = unsynced_.size(); i-- > 0;) {
    is_needed[i] = std::ranges::any_of(
        unsynced_[i], [&target](const Effect& effect) { return effect.folder == target; });
    for (std::size_t later = i + 1; later < unsynced_.size() && !is_needed[i]; ++later) {
      is_needed[i] = is_needed[later] && overlaps(unsynced_[i], unsynced_[later]);
    }
  }
  std::vector<Change> rest;
  for (std::size_t i = 0; i < unsynced_.size(); ++i) {
    if (is_needed[i]) {
      store(unsynced_[i]);
    } else {
      rest.push_back(std::move(unsynced_[i]));
    }
  }
  unsynced_ = std::move(rest);
  return {};
}

void Names::settle(Random& random, double kept) {
  std::vector<Change> lost;
  for (Change& change : std::exchange(unsynced_, {})) {
    const bool builds_on_lost = std::ranges::any_of(
        lost, [&change](const Change& other) { return overlaps(change, other); });
    if (!builds_on_lost && random.chance(kept)) {
      store(change);
    } else {
      lost.push_back(std::move(change));
    }
  }
  unsynced_ = std::move(lost);
}

void Names::sync_in_part(Random& random) {
  settle(random, 0.5);
}

void Names::crash(Random& random, Loss loss, const FileVisitor& visit) {
  switch (loss) {
    case Loss::any:
      settle(random, static_cast<double>(random.below(5)) / 4);
      break;
    case Loss::all:
      break;
    case Loss::none:
      settle(random, 1);
      break;
  }
  unsynced_.clear();
  forget_unsynced(*root_);
  visit_files(*root_, "", visit);
}

void Names::for_each_file(const FileVisitor& visit) const {
  visit_files(*root_, "", visit);
}

}  // namespace holdfast::sim
