#include "sim/disk.h"

#include "base/check.h"
#include "sim/disk_file.h"

#include <fmt/format.h>

#include <set>

namespace holdfast::sim {

class Disk::HeldLock final : public env::Lock {
 public:
  HeldLock(Disk& disk, const Node* node) : disk_(disk), start_(disk.starts_), node_(node) {}
  ~HeldLock() override {
    if (start_ == disk_.starts_) disk_.locks_.erase(node_);
  }

 private:
  Disk& disk_;
  std::uint64_t start_;
  const Node* node_;
};

Disk::Disk(std::uint64_t seed, DiskOptions options) : options_(options), random_(seed) {}

Disk::Disk(World& world, DiskOptions options)
    : options_(options), world_(&world), random_(world.random().next()) {}

Task<void> Disk::half_wait() {
  if (world_ == nullptr || options_.latency_max == Duration()) co_return;
  const Duration wait = random_.between(options_.latency_min, options_.latency_max) / 2;
  co_await world_->sleep_until(world_->now() + wait);
}

Disk::Verdict Disk::judge(Operation operation, const std::string& name, bool changes) {
  if (world_ != nullptr) world_->note(name);
  if (has_failed_) return Verdict::is_dead;
  if (changes) {
    ++operations_;
    if (operations_left_-- == 0) {
      has_failed_ = true;
      return Verdict::stops_midway;
    }
  }
  if (faults_ && faults_(operation, name)) return Verdict::fails_midway;
  return Verdict::goes_well;
}

Result<void> Disk::verdict_error(Verdict verdict, const std::string& name) const {
  switch (verdict) {
    case Verdict::goes_well:
      break;
    case Verdict::stops_midway:
      return fail(ErrorCode::io, name + ": the power failed");
    case Verdict::fails_midway:
      return fail(fault_code_, name + ": the disk reports an error");
    case Verdict::is_dead:
      return fail(ErrorCode::io, name + ": the disk is off");
  }
  return {};
}

Task<Result<std::unique_ptr<env::File>>> Disk::open(std::string name, env::OpenMode mode) {
  co_await half_wait();
  const Verdict verdict = judge(Operation::names, name, mode.create);
  const bool happens =
      verdict == Verdict::goes_well || (verdict == Verdict::stops_midway && random_.chance(0.5));
  Result<Names::NodePointer> node = nullptr;
  if (happens) node = mode.create ? names_.create_file(name) : names_.find(name);
  co_await half_wait();
  CO_TRY(verdict_error(verdict, name));
  CO_TRY(node);
  if ((*node)->is_folder) co_return fail(ErrorCode::invalid, name + " is a folder");
  co_return std::make_unique<OpenFile>(*this, std::move(*node), std::move(name), mode);
}

Task<Result<void>> Disk::change_names(std::string name, std::function<Result<void>()> change) {
  co_await half_wait();
  const Verdict verdict = judge(Operation::names, name, true);
  const bool happens =
      verdict == Verdict::goes_well || (verdict == Verdict::stops_midway && random_.chance(0.5));
  Result<void> done;
  if (happens) done = change();
  co_await half_wait();
  CO_TRY(verdict_error(verdict, name));
  co_return done;
}

Task<Result<void>> Disk::rename(std::string from, std::string to) {
  co_return co_await change_names(from, [&] { return names_.rename(from, to); });
}

Task<Result<void>> Disk::remove(std::string name) {
  co_return co_await change_names(name, [&] { return names_.remove(name, false); });
}

Task<Result<void>> Disk::link(std::string from, std::string to) {
  co_return co_await change_names(from, [&] { return names_.link(from, to); });
}

Task<Result<void>> Disk::make_folder(std::string name) {
  co_return co_await change_names(name, [&] { return names_.make_folder(name); });
}

Task<Result<void>> Disk::remove_folder(std::string name) {
  co_return co_await change_names(name, [&] { return names_.remove(name, true); });
}

Task<Result<void>> Disk::sync_folder(std::string folder) {
  co_await half_wait();
  const Verdict verdict = judge(Operation::sync, folder, true);
  Result<void> done;
  if (verdict == Verdict::goes_well) {
    done = names_.sync(folder);
  } else if (verdict != Verdict::is_dead) {
    names_.sync_in_part(random_);
  }
  co_await half_wait();
  CO_TRY(verdict_error(verdict, folder));
  co_return done;
}

Task<Result<std::vector<env::Entry>>> Disk::list(std::string folder) {
  co_await half_wait();
  CO_TRY(verdict_error(judge(Operation::read, folder, false), folder));
  CO_TRY_LET(const Names::NodePointer node, names_.find_folder(folder));
  std::vector<env::Entry> entries;
  for (const auto& [name, entry] : node->names) {
    entries.push_back({name, entry->is_folder, entry->is_folder ? 0 : entry->file.size()});
  }
  co_await half_wait();
  co_return entries;
}

Task<Result<env::Space>> Disk::space() {
  co_await half_wait();
  CO_TRY(verdict_error(judge(Operation::read, "", false), "free space"));
  const std::uint64_t taken = used();
  const std::uint64_t free = options_.capacity - std::min(options_.capacity, taken);
  co_return env::Space{.size = options_.capacity, .free = free};
}

Task<Result<std::unique_ptr<env::Lock>>> Disk::lock(std::string name, std::string holder) {
  co_await half_wait();
  const Verdict verdict = judge(Operation::names, name, true);
  CO_TRY(verdict_error(verdict, name));
  auto node = names_.find(name);
  if (!node && node.error().code() == ErrorCode::not_found) node = names_.create_file(name);
  CO_TRY(node);
  if ((*node)->is_folder) co_return fail(ErrorCode::invalid, name + " is a folder");
  const auto [present, is_free] = locks_.try_emplace(node->get(), holder);
  if (!is_free) {
    co_return fail(ErrorCode::conflict, fmt::format("{} is held by {}", name, present->second));
  }
  (*node)->file.truncate(0);
  (*node)->file.write(0, as_bytes(holder));
  co_return std::make_unique<HeldLock>(*this, node->get());
}

Result<void> Disk::reserve_room(StoredFile& file, const std::string& name, std::uint64_t offset,
                                std::uint64_t size) {
  if (options_.capacity == std::numeric_limits<std::uint64_t>::max()) return {};
  const std::uint64_t more = file.room_for(offset, size);
  if (more == 0 || used() + more <= options_.capacity) return {};
  return fail(ErrorCode::full, name + ": no room on the disk");
}

std::uint64_t Disk::used() const {
  std::uint64_t sum = 0;
  std::set<const StoredFile*> counted;  // One may have several names.
  names_.for_each_file([&](const std::string&, StoredFile& file) {
    if (counted.insert(&file).second) sum += file.room();
  });
  return sum;
}

void Disk::crash(Loss loss) {
  std::set<const StoredFile*> crashed;
  names_.crash(random_, loss, [&](const std::string&, StoredFile& file) {
    if (crashed.insert(&file).second) file.crash(random_, loss);
  });
  locks_.clear();
  ++starts_;
  has_failed_ = false;
  operations_left_ = std::numeric_limits<std::uint64_t>::max();
}

void Disk::flip_bit(const std::string& name, std::uint64_t bit) {
  const auto node = names_.find(name);
  check(node && !(*node)->is_folder, "there must be a file to damage");
  (*node)->file.flip_bit(bit);
}

std::vector<std::string> Disk::file_names() const {
  std::vector<std::string> found;
  names_.for_each_file([&found](const std::string& name, StoredFile&) { found.push_back(name); });
  return found;
}

}  // namespace holdfast::sim
