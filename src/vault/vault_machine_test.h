// A vault on simulated hardware, for tests that crash it.
#pragma once

#include "sim/disk.h"
#include "sim/seeds.h"
#include "sim/table.h"
#include "sim/workers.h"
#include "sim/world.h"
#include "slot/local_slot.h"
#include "vault/families.h"
#include "vault/local_vault.h"
#include "vault/memory_log_test.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace holdfast::vault {

inline constexpr env::Family names = first_catalog_family;

inline std::string encode_extents(const std::vector<Extent>& extents) {
  wire::Writer out;
  for (const Extent& extent : extents) {
    out.put_id(extent.chunk);
    out.put_u32(extent.size);
  }
  return std::string(as_text(out.view()));
}

inline std::vector<Extent> decode_extents(std::string_view row) {
  std::vector<Extent> extents;
  wire::Reader in(as_bytes(row));
  while (!in.is_at_end()) {
    const auto chunk = in.take_id<ChunkId>().value();
    extents.push_back({.chunk = chunk, .size = in.take_u32().value()});
  }
  return extents;
}

// Names rows of the family `names`, as a catalog would.
class NamedChunks final : public LiveChunks {
 public:
  explicit NamedChunks(env::Table& table) : table_(table) {}

  Task<Result<void>> visit(const env::Snapshot& snapshot, Sink sink) override {
    std::vector<ChunkId> ids;
    const auto take = [&ids](std::string_view, std::string_view value) {
      for (const Extent& extent : decode_extents(value)) ids.push_back(extent.chunk);
      return env::Visit::next();
    };
    CO_TRY(co_await table_.scan({.family = names, .from = {}, .until = {}, .snapshot = &snapshot},
                                take));
    co_return co_await sink(std::move(ids));
  }

 private:
  env::Table& table_;
};

// Tables that a crash takes back to what was flushed, and whose copies are files.
class SimTables final : public TableHome {
 public:
  SimTables(sim::TableStore& store, sim::Disk& disk) : store_(store), disk_(disk) {}

  Task<Result<std::unique_ptr<env::Table>>> open() override {
    CO_TRY(co_await store_.take_copy(folder()));
    auto families = vault_families();
    families.push_back({.name = "names"});
    CO_TRY_LET(auto table, sim::Table::open(store_, folder(), std::move(families)));
    co_return table;
  }
  env::Disk& disk() override { return disk_; }
  std::string folder() const override { return "table"; }

 private:
  sim::TableStore& store_;
  sim::Disk& disk_;
};

// All that outlives the vault, and the vault while it runs.
struct Machine {
  explicit Machine(std::uint64_t drawn)
      : seed(drawn), world(drawn), random(drawn), disk(world), tables(drawn) {
    tables.keep_copies_on(disk);
  }
  ~Machine() { stop_dead(); }

  void stop_dead() {
    if (process) process->kill();
    vault.reset();
    slot.reset();
    process.reset();
  }

  void crash() {
    stop_dead();
    disk.crash();
    log.crash(random);
  }

  std::uint64_t seed;
  sim::World world;
  sim::Random random;
  sim::Disk disk;
  sim::TableStore tables;
  MemoryLogStore log;
  SimTables home{tables, disk};
  sim::Workers workers;
  KeyRing keys = KeyRing::draw(random);
  bool has_slot = false;

  std::optional<sim::Process> process;
  std::unique_ptr<slot::LocalSlot> slot;
  std::unique_ptr<LocalVault> vault;
};

inline Task<void> start(Machine& machine) {
  auto slot = machine.has_slot
                  ? co_await slot::LocalSlot::open(machine.disk, "slot", machine.random)
                  : co_await slot::LocalSlot::create(machine.disk, "slot", machine.random);
  machine.slot = std::move(slot).value();
  machine.has_slot = true;
  auto vault =
      co_await LocalVault::open({.executor = machine.process->executor(),
                                 .slot = *machine.slot,
                                 .keys = machine.keys,
                                 .clock = machine.world,
                                 .random = machine.random,
                                 .workers = machine.workers,
                                 .log = std::make_unique<MemoryLog>(machine.log, machine.world),
                                 .home = &machine.home},
                                {.cache_bytes = mib,
                                 .checkpoint_log_bytes = 2 * mib,
                                 .rest_log_bytes = mib,
                                 .log_bytes_max = 16 * mib});
  EXPECT_TRUE(vault) << vault.error().context();
  machine.vault = std::move(vault).value();
}

inline void start_process(Machine& machine) {
  machine.process.emplace(machine.world);
  machine.world.run(start(machine));
}

inline Bytes random_bytes(sim::Random& random, std::size_t size) {
  Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

inline Task<Result<void>> put(Machine& machine, std::string name, ByteView bytes) {
  CO_TRY_LET(const auto writer, co_await machine.vault->open_writer(0));
  // In pieces of odd sizes.
  for (ByteView rest = bytes; !rest.empty();) {
    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 300'007));
    CO_TRY(co_await writer->write(piece));
    rest = rest.subspan(piece.size());
  }
  CO_TRY_LET(const Content content, co_await writer->finish());
  Record record;
  record.attach(content);
  record.put(names, name, encode_extents(content.extents));
  CO_TRY(co_await machine.vault->commit(std::move(record)));
  co_return Result<void>();
}

inline Task<Result<void>> remove(Machine& machine, std::string name) {
  Record record;
  record.remove(names, name);
  CO_TRY(co_await machine.vault->commit(std::move(record)));
  co_return Result<void>();
}

// Nothing where there is no such name.
inline Task<Result<std::optional<Bytes>>> get(Machine& machine, std::string name) {
  CO_TRY_LET(const auto row, co_await machine.vault->table().get(names, name));
  if (!row) co_return std::nullopt;
  auto extents = decode_extents(*row);
  std::uint64_t size = 0;
  for (const Extent& extent : extents) size += extent.size;
  const auto reader = machine.vault->open_reader(std::move(extents), 0, size, name);
  Bytes bytes;
  for (;;) {
    CO_TRY_LET(const auto pieces, co_await reader->read());
    if (pieces.empty()) co_return bytes;
    for (const ByteView piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
}

// Nothing is left of the local tables. The vault is not running.
inline Task<void> lose_tables(Machine& machine) {
  machine.tables.remove(machine.home.folder());
  EXPECT_TRUE(co_await remove_tree(machine.disk, machine.home.folder()));
  EXPECT_TRUE(co_await machine.disk.sync_folder(""));
}

// Each shard is one of a segment that is in use. The vault is at rest, and has just made a
// checkpoint.
inline Task<void> check_nothing_leaks(Machine& machine) {
  std::map<SegmentNumber, SegmentRow> rows;
  const auto take = [&rows](std::string_view key, std::string_view value) {
    rows[segment_number_of(key)] = decode_segment_row(value).value();
    return env::Visit::next();
  };
  env::Table& table = machine.vault->table();
  (co_await table.scan({.family = segments_family, .from = {}, .until = {}}, take)).value();
  std::set<SegmentNumber> named;
  for (const std::string_view key : {checkpoint_key, checkpoint_before_key}) {
    const auto row = (co_await table.get(meta_family, std::string(key))).value();
    if (!row) continue;
    for (const auto& [number, segment] : decode_checkpoint(*row).value().segments) {
      named.insert(number);
      EXPECT_TRUE(rows.contains(number));
    }
  }
  std::set<SegmentId> used;
  for (const auto& [number, row] : rows) {
    EXPECT_NE(row.state, SegmentRow::State::dead) << number;
    if (row.state != SegmentRow::State::sealed) continue;
    used.insert(row.id);
    EXPECT_TRUE(row.kind == SegmentKind::data || named.contains(number)) << number;
  }
  const auto shards = (co_await machine.slot->list_shards(std::nullopt, 10'000)).value();
  for (const auto& shard : shards) EXPECT_TRUE(used.contains(shard.segment));
}

}  // namespace holdfast::vault
