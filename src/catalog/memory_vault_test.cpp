#include "catalog/memory_vault_test.h"

#include "codec/blake3.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace holdfast::catalog {
namespace {

constexpr env::Family applied_family = 0;
const std::string applied_key = "applied";

ChunkId id_of(ByteView bytes) {
  return ChunkId::from(codec::Blake3().update(bytes).finish());
}

std::vector<env::FamilyOptions> all_families() {
  std::vector<env::FamilyOptions> families;
  for (int i = 0; i < vault::first_catalog_family; ++i) {
    families.push_back({.name = "vault-" + std::to_string(i)});
  }
  for (auto& family : Catalog::families()) families.push_back(std::move(family));
  return families;
}

}  // namespace

// Takes time before and after each read, so that others come in between.
class MemoryVault::SlowTable final : public env::Table {
 public:
  SlowTable(std::unique_ptr<sim::Table> table, MemoryVault& vault)
      : table_(std::move(table)), vault_(vault) {}

  Task<Result<std::optional<std::string>>> get(env::Family family, std::string key,
                                               const env::Snapshot* snapshot) override {
    co_await vault_.pause();
    auto value = co_await table_->get(family, std::move(key), snapshot);
    co_await vault_.pause();
    co_return value;
  }
  Task<Result<std::vector<std::optional<std::string>>>> get_many(
      env::Family family, std::vector<std::string> keys) override {
    co_await vault_.pause();
    auto values = co_await table_->get_many(family, std::move(keys));
    co_await vault_.pause();
    co_return values;
  }
  Task<Result<void>> scan(env::ScanRange range, env::Visitor visitor) override {
    co_await vault_.pause();
    auto scanned = co_await table_->scan(std::move(range), std::move(visitor));
    co_await vault_.pause();
    co_return scanned;
  }
  std::unique_ptr<env::Snapshot> snapshot() override { return table_->snapshot(); }
  Task<Result<void>> apply(env::Batch batch) override { return table_->apply(std::move(batch)); }
  Task<Result<void>> flush() override { return table_->flush(); }
  Task<Result<std::vector<env::TableFile>>> copy_to(std::string folder) override {
    return table_->copy_to(std::move(folder));
  }
  Usage usage() const override { return table_->usage(); }

 private:
  std::unique_ptr<sim::Table> table_;
  MemoryVault& vault_;
};

class MemoryVault::Writer final : public vault::ContentWriter {
 public:
  explicit Writer(MemoryVault& vault) : vault_(vault) {}

  Task<Result<void>> write(ByteView bytes) override {
    co_await vault_.pause();
    bytes_ += as_text(bytes);
    co_return Result<void>();
  }
  Task<Result<vault::Content>> finish() override {
    co_await vault_.pause();
    co_return vault_.write(bytes_);
  }

 private:
  MemoryVault& vault_;
  std::string bytes_;
};

class MemoryVault::Reader final : public vault::ContentReader {
 public:
  Reader(MemoryVault& vault, std::vector<vault::Extent> extents, std::uint64_t offset,
         std::uint64_t size, std::string label)
      : vault_(vault),
        extents_(std::move(extents)),
        offset_(offset),
        size_(size),
        label_(std::move(label)) {}

  Task<Result<std::span<const ByteView>>> read() override {
    co_await vault_.pause();
    while (size_ > 0 && next_ < extents_.size() && offset_ >= extents_[next_].size) {
      offset_ -= extents_[next_++].size;
    }
    if (size_ == 0 || next_ == extents_.size()) co_return std::span<const ByteView>();
    const auto found = vault_.disk_.chunks.find(extents_[next_].chunk);
    if (found == vault_.disk_.chunks.end()) {
      co_return fail(ErrorCode::corrupt, label_ + ": a chunk is gone");
    }
    const std::size_t count = std::min<std::size_t>(size_, found->second.size() - offset_);
    const auto part = ByteView(found->second).subspan(offset_, count);
    bytes_ = to_bytes(part);
    piece_ = bytes_;
    offset_ += piece_.size();
    size_ -= piece_.size();
    co_return std::span<const ByteView>(&piece_, 1);
  }

 private:
  MemoryVault& vault_;
  std::vector<vault::Extent> extents_;
  std::size_t next_ = 0;
  std::uint64_t offset_;
  std::uint64_t size_;
  std::string label_;
  Bytes bytes_;
  ByteView piece_;  // All of them.
};

MemoryVault::MemoryVault(MemoryDisk& disk, sim::World& world)
    : disk_(disk), world_(world), random_(disk.random.next()) {}

MemoryVault::~MemoryVault() = default;

Task<Result<std::unique_ptr<MemoryVault>>> MemoryVault::open(MemoryDisk& disk, sim::World& world) {
  std::unique_ptr<MemoryVault> vault(new MemoryVault(disk, world));
  CO_TRY_LET(auto table, sim::Table::open(disk.tables, "catalog", all_families()));
  CO_TRY_LET(const auto row, co_await table->get(applied_family, applied_key, nullptr));
  vault->applied_ = row ? std::stoull(*row) : 0;
  const std::uint64_t kept = std::max(disk.durable, vault->applied_);
  disk.log.resize(kept + disk.random.below(disk.log.size() - kept + 1));
  while (vault->applied_ < disk.log.size()) {
    env::Batch batch = disk.log[vault->applied_++];
    batch.put(applied_family, applied_key, std::to_string(vault->applied_));
    CO_TRY(co_await table->apply(std::move(batch)));
  }
  disk.durable = disk.log.size();
  vault->table_ = std::make_unique<SlowTable>(std::move(table), *vault);
  co_return vault;
}

env::Table& MemoryVault::table() {
  return *table_;
}

Task<Result<std::uint64_t>> MemoryVault::commit(vault::Record record) {
  if (failure_.count > 0 && failure_.after-- == 0) {
    failure_.after = 0;
    --failure_.count;
    co_return fail(failure_.code, "a fault of the test");
  }
  ++commits_ever_;
  ++commits_now_;
  commits_together_max_ = std::max(commits_together_max_, commits_now_);
  const auto reliances = record.reliances();
  const std::uint64_t sequence = disk_.log.size() + 1;
  disk_.log.push_back(std::move(record).resolve(sequence));
  co_await world_.sleep_until(
      world_.now() + random_.between(std::chrono::microseconds(100), std::chrono::milliseconds(2)));
  disk_.durable = std::max(disk_.durable, sequence);
  while (applied_ + 1 != sequence) {
    if (applied_ >= sequence) break;
    co_await applied_list_.wait();
  }
  env::Batch batch = disk_.log[sequence - 1];
  batch.put(applied_family, applied_key, std::to_string(sequence));
  CO_TRY(co_await table_->apply(std::move(batch)));
  applied_ = sequence;
  applied_list_.wake_all();
  --commits_now_;
  co_await pause();
  co_return sequence;
}

Task<Result<std::unique_ptr<vault::ContentWriter>>> MemoryVault::open_writer(std::uint64_t) {
  co_await pause();
  co_return std::make_unique<Writer>(*this);
}

std::unique_ptr<vault::ContentReader> MemoryVault::open_reader(std::vector<vault::Extent> extents,
                                                               std::uint64_t offset,
                                                               std::uint64_t size,
                                                               std::string label) {
  return std::make_unique<Reader>(*this, std::move(extents), offset, size, std::move(label));
}

Task<Result<vault::Content>> MemoryVault::reuse(std::vector<vault::Extent> extents) {
  co_await pause();
  for (const vault::Extent& extent : extents) {
    if (!disk_.chunks.contains(extent.chunk)) {
      co_return fail(ErrorCode::not_found, "a chunk is gone");
    }
  }
  co_return hold(std::move(extents));
}

Task<Result<vault::VaultUsage>> MemoryVault::usage() {
  co_return vault::VaultUsage{
      .unique_bytes = 0, .stored_bytes = 0, .chunk_count = disk_.chunks.size(), .segment_count = 0};
}

Task<Result<void>> MemoryVault::note_live(std::vector<ChunkId> chunks) {
  EXPECT_LE(chunks.size(), 4096u);
  touched_->insert(chunks.begin(), chunks.end());
  co_await pause();
  co_return Result<void>();
}

Task<Result<std::uint64_t>> MemoryVault::collect(vault::LiveChunks& live) {
  if (touched_) co_return fail(ErrorCode::unavailable, "a collection is at work");
  touched_.emplace();
  std::erase_if(held_, [](const auto& held) { return held.expired(); });
  for (const auto& weak : held_) {
    for (const ChunkId& chunk : weak.lock()->chunks) touched_->insert(chunk);
  }
  const auto snapshot = table_->snapshot();
  co_await pause();
  auto visited = co_await live.visit(
      *snapshot, [this](std::vector<ChunkId> chunks) { return note_live(std::move(chunks)); });
  std::uint64_t freed = 0;
  if (visited) {
    freed = std::erase_if(disk_.chunks,
                          [this](const auto& chunk) { return !touched_->contains(chunk.first); });
  }
  touched_.reset();
  CO_TRY(visited);
  co_return freed;
}

Task<void> MemoryVault::close() {
  co_return;
}

vault::Content MemoryVault::write(std::string_view bytes) {
  std::vector<vault::Extent> extents;
  for (std::size_t at = 0; at < bytes.size(); at += chunk_bytes) {
    const ByteView piece = as_bytes(bytes.substr(at, chunk_bytes));
    const ChunkId chunk = id_of(piece);
    disk_.chunks.emplace(chunk, to_bytes(piece));
    extents.push_back({.chunk = chunk, .size = static_cast<std::uint32_t>(piece.size())});
  }
  return hold(std::move(extents));
}

vault::Content MemoryVault::hold(std::vector<vault::Extent> extents) {
  const auto held = std::make_shared<Held>();
  vault::Content content;
  for (const vault::Extent& extent : extents) {
    held->chunks.push_back(extent.chunk);
    content.size += extent.size;
    if (touched_) touched_->insert(extent.chunk);
  }
  content.extents = std::move(extents);
  // The type is the real vault's own business: here it stands for `held`.
  content.reliance =
      std::shared_ptr<vault::Reliance>(held, reinterpret_cast<vault::Reliance*>(held.get()));
  held_.push_back(held);
  return content;
}

Task<void> MemoryVault::pause() {
  const Duration span = random_.between(Duration(0), std::chrono::microseconds(100));
  co_await world_.sleep_until(world_.now() + span);
}

}  // namespace holdfast::catalog
