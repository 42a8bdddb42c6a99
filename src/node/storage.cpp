#include "node/storage.h"

#include "base/log.h"
#include "env/rocksdb/table.h"
#include "grid/register.h"
#include "vault/families.h"
#include "vault/range_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::node {
namespace {

// Names in the data folder, and on each disk.
constexpr const char* slot_folder = "slot";
constexpr const char* tables_folder = "tables";
constexpr const char* register_file = "register";

constexpr const char* key_block = "keys";  // A block of the slot.
constexpr unsigned losses_max = 0;         // Policy 1+0: one disk.

env::rocksdb::Options table_options(const StorageOptions& options) {
  env::rocksdb::Options table;
  table.root = options.data_folder;
  table.folder = tables_folder;
  const codec::SecretKey key = options.keys.ring()->table_key();
  std::ranges::copy(key.view(), table.key.begin());
  table.families = vault::vault_families();
  std::ranges::copy(catalog::Catalog::families(), std::back_inserter(table.families));
  return table;
}

// The folder of the tables in the data folder.
class TableFolder final : public vault::TableHome {
 public:
  TableFolder(env::Disk& disk, env::rocksdb::Options options)
      : disk_(disk), options_(std::move(options)) {}

  Task<Result<std::unique_ptr<env::Table>>> open() override {
    return env::rocksdb::open_table(options_);
  }
  env::Disk& disk() override { return disk_; }
  std::string folder() const override { return options_.folder; }

 private:
  env::Disk& disk_;
  env::rocksdb::Options options_;
};

}  // namespace

Task<Result<std::unique_ptr<Storage>>> Storage::open(StorageOptions options) {
  constexpr unsigned attempts_max = 2;
  for (unsigned attempt = 1;; ++attempt) {
    std::unique_ptr<Storage> storage(new Storage);
    auto opened = co_await storage->open_all(options);
    if (opened) co_return storage;
    co_await storage->close();
    storage = nullptr;
    // Tables that are marked are built again by who opens them next.
    const bool is_worth_another = opened.error().code() == ErrorCode::corrupt &&
                                  env::rocksdb::has_met_damage(table_options(options));
    if (!is_worth_another || attempt == attempts_max) {
      co_return std::unexpected(std::move(opened).error());
    }
    log::warning("damage was met in the local tables: {}. Opening the vault again builds them anew",
                 opened.error().context());
  }
}

Task<Result<void>> Storage::open_all(const StorageOptions& options) {
  const vault::KeyRing& ring = *options.keys.ring();
  env::Clock& clock = options.outside.clock();
  env::Random& random = options.outside.random();
  CO_TRY(co_await open_slot(options));
  CO_TRY_LET(coordination_, co_await grid::EmbeddedCoordination::open(
                                options.data, register_file, {slot_.get()}, ring.register_key(),
                                losses_max, options.data_folder));
  CO_TRY_LET(auto log, co_await vault::RangeLog::take_over(*coordination_, {slot_.get()}, ring,
                                                           clock, random, {}));
  tables_ = std::make_unique<TableFolder>(options.data, table_options(options));
  vault::LocalVault::Environment environment{.executor = options.executor,
                                             .slot = *slot_,
                                             .keys = ring,
                                             .clock = clock,
                                             .random = random,
                                             .workers = options.outside.workers(),
                                             .log = std::move(log),
                                             .home = tables_.get()};
  CO_TRY_LET(vault_, co_await vault::LocalVault::open(std::move(environment)));
  CO_TRY_LET(catalog_, co_await catalog::Catalog::open(*vault_, clock, random));
  CO_TRY_LET(users_, co_await catalog::Users::open(*vault_, ring, clock, random));
  services_.emplace(*catalog_, *users_, *vault_);
  co_return Result<void>();
}

// Makes the slot of a new vault. One that is there must be of this vault.
Task<Result<void>> Storage::open_slot(const StorageOptions& options) {
  env::Random& random = options.outside.random();
  slot::LocalSlotOptions slot_options;
  slot_options.root = options.disk_folder;
  auto opened = co_await slot::LocalSlot::open(options.disk, slot_folder, random, slot_options);
  if (!opened && opened.error().code() == ErrorCode::not_found) {
    opened = co_await slot::LocalSlot::create(options.disk, slot_folder, random, slot_options);
  }
  CO_TRY_LET(slot_, std::move(opened));
  CO_TRY_LET(const Bytes wanted, options.keys.block_for_slots());
  const auto found = co_await slot_->get_block(key_block);
  if (found && !*found) co_return co_await slot_->put_block(key_block, wanted);
  auto theirs = found ? vault::KeyBlock::parse(**found)
                      : Result<vault::KeyBlock>(std::unexpected(found.error()));
  if (!theirs) {
    // A block that the slot could not read is named by it.
    const std::string path =
        fmt::format("{}/{}/blocks/{}", options.disk_folder, slot_folder, key_block);
    auto trouble = found ? std::move(theirs).error().within(path) : std::move(theirs).error();
    if (trouble.code() != ErrorCode::corrupt || !co_await is_of_this_vault(options)) {
      co_return std::unexpected(std::move(trouble));
    }
    log::warning("{}. It is made again from the keys in the data folder.", trouble.context());
    co_return co_await slot_->put_block(key_block, wanted);
  }
  if (theirs->vault() != options.keys.vault()) {
    co_return fail(ErrorCode::denied,
                   "The disk holds another vault, whose keys are not in this data folder.\n"
                   "Name the data folder that it belongs to, or another disk.");
  }
  if (**found == wanted) co_return Result<void>();
  co_return co_await slot_->put_block(key_block, wanted);
}

// Without asking the key block: whether the slot's register was made under the keys of this vault.
Task<bool> Storage::is_of_this_vault(const StorageOptions& options) {
  const auto bytes = co_await slot_->get_block(register_file);
  if (!bytes || !*bytes) co_return false;
  co_return grid::decode_register(**bytes, options.keys.ring()->register_key()).has_value();
}

Task<void> Storage::close() {
  if (vault_) co_await vault_->close();
  if (slot_) co_await slot_->close();
}

}  // namespace holdfast::node
