#include "volume.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace holdfast::powercut {
namespace {

timespec now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

std::unexpected<int> fail(int error) {
  return std::unexpected(error);
}

}  // namespace

bool Inode::is_folder() const {
  return S_ISDIR(mode);
}

Volume::Volume() : root_(std::make_shared<Inode>()) {
  root_->number = next_number_++;
  root_->mode = S_IFDIR | 0755;
  root_->links = 2;
  root_->accessed = root_->modified = now();
}

Outcome<void> Volume::verify_on() const {
  if (!is_on_) return fail(EIO);
  return {};
}

Outcome<void> Volume::judge(Operation operation, const Inode& node) {
  if (!is_on_) return fail(EIO);
  for (Fault& fault : faults_) {
    const bool hits = fault.operation == operation && fault.count > 0 &&
                      node.path.find(fault.part) != std::string::npos;
    if (!hits) continue;
    --fault.count;
    return fail(EIO);
  }
  return {};
}

Outcome<void> Volume::judge(Operation operation, const Handle& handle) {
  if (handle.life != life_) return fail(EIO);
  return judge(operation, *handle.node);
}

Outcome<void> Volume::count_change() {
  ++changes_;
  if (!planned_ || --planned_->left > 0) return {};
  const PlannedCut planned = *std::exchange(planned_, std::nullopt);
  cut(planned.loss, planned.seed);
  return fail(EIO);
}

void Volume::push(Change change) {
  if (change.from_folder) change.from_folder->modified = now();
  if (change.to_folder) change.to_folder->modified = now();
  pending_.push_back(std::move(change));
}

Outcome<Node> Volume::find(const Node& folder, const std::string& name) {
  if (!is_on_) return fail(EIO);
  const auto found = folder->names.find(name);
  if (found == folder->names.end()) return fail(ENOENT);
  return found->second;
}

Outcome<Node> Volume::make(const Node& folder, const std::string& name, mode_t mode) {
  if (auto allowed = judge(Operation::names, *folder); !allowed) return fail(allowed.error());
  if (folder->names.contains(name)) return fail(EEXIST);
  const Node node = std::make_shared<Inode>();
  node->number = next_number_++;
  node->mode = mode;
  node->links = S_ISDIR(mode) ? 2 : 1;
  node->accessed = node->modified = now();
  node->path = folder->path + "/" + name;
  folder->names[name] = node;
  push({.from_folder = nullptr, .from = "", .to_folder = folder, .to = name, .node = node});
  if (auto counted = count_change(); !counted) return fail(counted.error());
  return node;
}

Outcome<void> Volume::link(const Node& node, const Node& folder, const std::string& name) {
  if (auto allowed = judge(Operation::names, *folder); !allowed) return allowed;
  if (node->is_folder()) return fail(EPERM);
  if (folder->names.contains(name)) return fail(EEXIST);
  ++node->links;
  folder->names[name] = node;
  push({.from_folder = nullptr, .from = "", .to_folder = folder, .to = name, .node = node});
  return count_change();
}

Outcome<void> Volume::remove(const Node& folder, const std::string& name, bool is_folder) {
  if (auto allowed = judge(Operation::names, *folder); !allowed) return allowed;
  const auto found = folder->names.find(name);
  if (found == folder->names.end()) return fail(ENOENT);
  const Node node = found->second;
  if (node->is_folder() != is_folder) return fail(is_folder ? ENOTDIR : EISDIR);
  if (is_folder && !node->names.empty()) return fail(ENOTEMPTY);
  node->links -= is_folder ? 2 : 1;
  folder->names.erase(found);
  push({.from_folder = folder, .from = name, .to_folder = nullptr, .to = "", .node = node});
  return count_change();
}

Outcome<void> Volume::verify_replaceable(const Inode& moved, const Inode& present) const {
  if (present.is_folder() && !moved.is_folder()) return fail(EISDIR);
  if (!present.is_folder() && moved.is_folder()) return fail(ENOTDIR);
  if (!present.names.empty()) return fail(ENOTEMPTY);
  return {};
}

Outcome<void> Volume::rename(const Node& from_folder, const std::string& from,
                             const Node& to_folder, const std::string& to, bool replaces) {
  if (auto allowed = judge(Operation::names, *from_folder); !allowed) return allowed;
  if (auto allowed = judge(Operation::names, *to_folder); !allowed) return allowed;
  const auto found = from_folder->names.find(from);
  if (found == from_folder->names.end()) return fail(ENOENT);
  const Node node = found->second;
  if (const auto present = to_folder->names.find(to); present != to_folder->names.end()) {
    if (!replaces) return fail(EEXIST);
    if (present->second == node) return {};
    if (auto fits = verify_replaceable(*node, *present->second); !fits) return fits;
    present->second->links -= node->is_folder() ? 2 : 1;
  }
  from_folder->names.erase(found);
  to_folder->names[to] = node;
  node->path = to_folder->path + "/" + to;
  push({.from_folder = from_folder, .from = from, .to_folder = to_folder, .to = to, .node = node});
  return count_change();
}

Outcome<Handle> Volume::open(const Node& node) {
  if (!is_on_) return fail(EIO);
  return Handle{.node = node, .life = life_};
}

Outcome<std::size_t> Volume::read(const Handle& handle, std::uint64_t offset,
                                  std::span<std::byte> into) {
  if (auto allowed = judge(Operation::read, handle); !allowed) return fail(allowed.error());
  return handle.node->content.read(offset, into);
}

Outcome<void> Volume::write(const Handle& handle, std::uint64_t offset,
                            std::span<const std::byte> bytes) {
  if (auto allowed = judge(Operation::write, handle); !allowed) return allowed;
  handle.node->content.write(offset, bytes);
  handle.node->modified = now();
  return count_change();
}

Outcome<void> Volume::resize(const Node& node, std::uint64_t size) {
  if (auto allowed = judge(Operation::write, *node); !allowed) return allowed;
  node->content.resize(size);
  node->modified = now();
  return count_change();
}

Outcome<void> Volume::reserve(const Handle& handle, std::uint64_t end) {
  if (auto allowed = judge(Operation::write, handle); !allowed) return allowed;
  if (end > handle.node->content.size()) handle.node->content.resize(end);
  return count_change();
}

Outcome<void> Volume::clear(const Handle& handle, std::uint64_t offset, std::uint64_t size) {
  if (auto allowed = judge(Operation::write, handle); !allowed) return allowed;
  handle.node->content.clear(offset, size);
  return count_change();
}

Outcome<void> Volume::sync(const Handle& handle) {
  if (auto allowed = judge(Operation::sync, handle); !allowed) {
    if (is_on_ && handle.life == life_) handle.node->content.fail_sync();
    return allowed;
  }
  // A cut during a sync comes before its effect.
  if (auto counted = count_change(); !counted) return counted;
  handle.node->content.sync();
  return {};
}

Outcome<void> Volume::sync_folder(const Handle& handle) {
  if (auto allowed = judge(Operation::sync, handle); !allowed) return allowed;
  if (auto counted = count_change(); !counted) return counted;

  // From the newest change back: those of this folder, and those that they build on.
  std::set<Node> folders{handle.node};
  std::list<Change> durable;
  for (auto change = pending_.end(); change != pending_.begin();) {
    --change;
    const bool belongs =
        folders.contains(change->from_folder) || folders.contains(change->to_folder);
    if (!belongs) continue;
    if (change->from_folder) folders.insert(change->from_folder);
    if (change->to_folder) folders.insert(change->to_folder);
    const auto next = std::next(change);
    durable.splice(durable.begin(), pending_, change);
    change = next;
  }
  for (const Change& change : durable) apply(change);
  return {};
}

void Volume::apply(const Change& change) {
  if (change.from_folder) change.from_folder->durable_names.erase(change.from);
  if (change.to_folder) change.to_folder->durable_names[change.to] = change.node;
}

void Volume::cut(Loss loss, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto drawn = [&random] { return (random() & 1) != 0; };
  std::size_t kept_names = 0;  // In their order, as a journal keeps them.
  if (loss == Loss::none) kept_names = pending_.size();
  if (loss == Loss::some) kept_names = random() % (pending_.size() + 1);
  for (const Change& change : pending_) {
    if (kept_names == 0) break;
    --kept_names;
    apply(change);
  }
  pending_.clear();
  planned_.reset();
  forget_below(root_, [&](Content& content) {
    if (loss == Loss::none) content.sync();
    if (loss == Loss::some) content.forget_some(drawn);
    if (loss == Loss::all) content.forget();
  });
  is_on_ = false;
  ++life_;
}

// Brings back the names that are durable, and counts the links anew.
void Volume::forget_below(const Node& folder, const std::function<void(Content&)>& forget) {
  std::set<Node> seen{folder};
  std::vector<Node> open{folder};
  while (!open.empty()) {
    const Node at = open.back();
    open.pop_back();
    at->names = at->durable_names;
    at->links = 2;
    for (const auto& [name, node] : at->names) {
      node->path = at->path + "/" + name;
      const bool is_new = seen.insert(node).second;
      if (node->is_folder()) {
        open.push_back(node);
      } else if (is_new) {
        node->links = 1;
        forget(node->content);
      } else {
        ++node->links;
      }
    }
  }
}

void Volume::cut_after(std::uint64_t count, Loss loss, std::uint64_t seed) {
  planned_ = PlannedCut{.left = std::max<std::uint64_t>(count, 1), .loss = loss, .seed = seed};
}

void Volume::add_fault(Operation operation, std::string part, std::uint64_t count) {
  faults_.push_back({.operation = operation, .part = std::move(part), .count = count});
}

}  // namespace holdfast::powercut
