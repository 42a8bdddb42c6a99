#include "sim/table.h"

#include "base/check.h"

#include <algorithm>

namespace holdfast::sim {

class Table::HeldSnapshot final : public env::Snapshot {
 public:
  explicit HeldSnapshot(Table& table)
      : table_(table), place_(table.snapshots_.insert(table.batches_)) {}
  ~HeldSnapshot() override { table_.snapshots_.erase(place_); }

  std::uint64_t batch() const { return *place_; }

 private:
  Table& table_;
  std::multiset<std::uint64_t>::iterator place_;
};

Result<std::unique_ptr<Table>> Table::open(TableStore& store, std::string folder,
                                           std::vector<env::FamilyOptions> families) {
  std::unique_ptr<Table> table(new Table(store, folder));
  auto& durable = store.folders_[folder];
  for (const auto& [name, rows] : durable) {
    if (std::ranges::find(families, name, &env::FamilyOptions::name) == families.end()) {
      return fail(ErrorCode::invalid, "open table " + folder + ": family " + name + " not named");
    }
  }
  for (auto& options : families) {
    FamilyState state{std::move(options), {}, {}};
    for (const auto& [key, value] : durable[state.options.name]) {
      state.rows[key] = {{.batch = 0, .value = value}};
    }
    table->families_.push_back(std::move(state));
  }
  return table;
}

const std::string* Table::value_at(const Row& row, std::uint64_t batch) {
  for (auto version = row.rbegin(); version != row.rend(); ++version) {
    if (version->batch <= batch) return version->value ? &*version->value : nullptr;
  }
  return nullptr;
}

std::uint64_t Table::batch_of(const env::Snapshot* snapshot) const {
  if (snapshot == nullptr) return batches_;
  const auto* held = dynamic_cast<const HeldSnapshot*>(snapshot);
  check(held != nullptr, "a snapshot is used with its own table");
  return held->batch();
}

Task<Result<std::optional<std::string>>> Table::get(env::Family family, std::string key,
                                                    const env::Snapshot* snapshot) {
  const auto& rows = families_.at(family).rows;
  const auto row = rows.find(key);
  const std::string* value =
      row == rows.end() ? nullptr : value_at(row->second, batch_of(snapshot));
  co_return value == nullptr ? std::optional<std::string>() : *value;
}

Task<Result<std::vector<std::optional<std::string>>>> Table::get_many(
    env::Family family, std::vector<std::string> keys) {
  std::vector<std::optional<std::string>> values;
  for (std::string& key : keys) {
    CO_TRY_LET(auto value, co_await get(family, std::move(key), nullptr));
    values.push_back(std::move(value));
  }
  co_return values;
}

Task<Result<void>> Table::scan(env::ScanRange range, env::Visitor visitor) {
  if (range.backwards) {
    scan_backwards(range, visitor);
  } else {
    scan_forwards(range, visitor);
  }
  co_return Result<void>();
}

void Table::scan_forwards(const env::ScanRange& range, const env::Visitor& visitor) const {
  const auto& rows = families_.at(range.family).rows;
  const std::uint64_t batch = batch_of(range.snapshot);
  auto row = rows.lower_bound(range.from);
  while (row != rows.end() && (!range.until || row->first < *range.until)) {
    env::Visit visit = env::Visit::next();
    if (const std::string* value = value_at(row->second, batch))
      visit = visitor(row->first, *value);
    if (visit.kind == env::Visit::Kind::stop) return;
    const bool jumps = visit.kind == env::Visit::Kind::seek && visit.key > row->first;
    row = jumps ? rows.lower_bound(visit.key) : std::next(row);
  }
}

void Table::scan_backwards(const env::ScanRange& range, const env::Visitor& visitor) const {
  const auto& rows = families_.at(range.family).rows;
  const std::uint64_t batch = batch_of(range.snapshot);
  // Points behind the row that comes next.
  auto row = range.from.empty() ? rows.end() : rows.upper_bound(range.from);
  while (row != rows.begin()) {
    --row;
    if (range.until && row->first < *range.until) return;
    env::Visit visit = env::Visit::next();
    if (const std::string* value = value_at(row->second, batch))
      visit = visitor(row->first, *value);
    if (visit.kind == env::Visit::Kind::stop) return;
    const bool jumps = visit.kind == env::Visit::Kind::seek && visit.key < row->first;
    if (jumps) row = rows.upper_bound(visit.key);
  }
}

std::unique_ptr<env::Snapshot> Table::snapshot() {
  return std::make_unique<HeldSnapshot>(*this);
}

void Table::set(FamilyState& family, const std::string& key, std::optional<std::string> value) {
  Row& row = family.rows[key];
  row.push_back({batches_, std::move(value)});
  family.unflushed.insert(key);
  // What neither a snapshot nor the present can see goes.
  const std::uint64_t oldest = snapshots_.empty() ? batches_ : *snapshots_.begin();
  while (row.size() > 1 && row[1].batch <= oldest) row.erase(row.begin());
}

void Table::add(FamilyState& family, const std::string& key, const std::string& deltas) {
  check(family.options.counters, "only a family of counters adds");
  std::vector<std::int64_t> sums;
  if (const auto row = family.rows.find(key); row != family.rows.end()) {
    if (const auto* value = value_at(row->second, batches_)) sums = env::decode_counters(*value);
  }
  const auto terms = env::decode_counters(deltas);
  sums.resize(std::max(sums.size(), terms.size()));
  for (std::size_t i = 0; i < terms.size(); ++i) sums[i] += terms[i];
  set(family, key, env::encode_counters(sums));
}

void Table::remove_range(FamilyState& family, const std::string& from, const std::string& until) {
  std::vector<std::string> keys;
  for (auto row = family.rows.lower_bound(from); row != family.rows.end() && row->first < until;
       ++row) {
    keys.push_back(row->first);
  }
  for (const std::string& key : keys) set(family, key, std::nullopt);
}

Task<Result<void>> Table::apply(env::Batch batch) {
  ++batches_;
  for (auto& change : batch.changes) {
    FamilyState& family = families_.at(change.family);
    switch (change.kind) {
      case env::Batch::Kind::put:
        set(family, change.key, std::move(change.value));
        break;
      case env::Batch::Kind::remove:
        set(family, change.key, std::nullopt);
        break;
      case env::Batch::Kind::add:
        add(family, change.key, change.value);
        break;
      case env::Batch::Kind::remove_range:
        remove_range(family, change.key, change.value);
        break;
    }
  }
  if (store_.random_.chance(store_.flush_chance_)) store_unflushed();
  co_return Result<void>();
}

void Table::store_unflushed() {
  auto& durable = store_.folders_[folder_];
  for (FamilyState& family : families_) {
    auto& rows = durable[family.options.name];
    for (const std::string& key : family.unflushed) {
      const auto row = family.rows.find(key);
      if (const std::string* value = value_at(row->second, batches_)) {
        rows[key] = *value;
      } else {
        rows.erase(key);
        if (snapshots_.empty()) family.rows.erase(row);
      }
    }
    family.unflushed.clear();
  }
}

Task<Result<void>> Table::flush() {
  if (store_.failure_) co_return fail(*store_.failure_, "flush table " + folder_);
  store_unflushed();
  co_return Result<void>();
}

Task<Result<std::vector<env::TableFile>>> Table::copy_to(std::string folder) {
  if (store_.has(folder)) co_return fail(ErrorCode::already_exists, "copy table to " + folder);
  CO_TRY(co_await flush());
  store_.folders_[folder] = store_.folders_[folder_];
  std::vector<env::TableFile> files;
  for (const auto& [name, rows] : store_.folders_[folder]) {
    std::uint64_t size = 0;
    for (const auto& [key, value] : rows) size += key.size() + value.size();
    files.push_back({name, size});
  }
  if (store_.disk_ == nullptr) co_return files;
  auto written = co_await store_.write_copy(folder);
  store_.folders_.erase(folder);  // It lies on the disk, if anywhere.
  CO_TRY(std::move(written));
  files.clear();
  CO_TRY_LET(const auto entries, co_await store_.disk_->list(folder));
  for (const env::Entry& entry : entries) files.push_back({entry.name, entry.size});
  co_return files;
}

env::Table::Usage Table::usage() const {
  Usage usage;
  for (const FamilyState& family : families_) {
    for (const auto& [key, row] : family.rows) {
      for (const Version& version : row) {
        usage.memory += key.size() + (version.value ? version.value->size() : 0);
      }
    }
  }
  for (const auto& [name, rows] : store_.folders_.at(folder_)) {
    for (const auto& [key, value] : rows) usage.disk += key.size() + value.size();
  }
  return usage;
}

}  // namespace holdfast::sim
