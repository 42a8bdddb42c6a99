// Storage: everything from the disk up to the catalog, opened in order, and closed in the opposite
// one.
#pragma once

#include "catalog/catalog.h"
#include "catalog/users.h"
#include "env/disk.h"
#include "grid/embedded.h"
#include "node/control.h"
#include "node/outside.h"
#include "node/vault_keys.h"
#include "slot/local_slot.h"
#include "vault/local_vault.h"

#include <memory>
#include <optional>
#include <string>

namespace holdfast::node {

struct StorageOptions {
  boost::asio::any_io_executor executor;
  Outside& outside;
  env::Disk& data;          // The data folder …
  std::string data_folder;  // … and where it is.
  env::Disk& disk;          // Where shards and logs go; may be the data folder.
  std::string disk_folder;  // Where that is.
  const VaultKeys& keys;    // Open.
};

class Storage {
 public:
  // What the options refer to must outlive it. Fails with `denied` when the disk holds a vault of
  // other keys. Tables that damage is met in meanwhile are built again, once.
  static Task<Result<std::unique_ptr<Storage>>> open(StorageOptions options);

  // When nothing uses it any more. Before destroying it.
  Task<void> close();

  Services& services() { return *services_; }
  Task<Result<slot::Slot::Usage>> disk_usage() { return slot_->usage(); }
  Task<Result<void>> checkpoint() { return vault_->checkpoint(); }

 private:
  Storage() = default;

  Task<Result<void>> open_all(const StorageOptions& options);
  Task<Result<void>> open_slot(const StorageOptions& options);
  Task<bool> is_of_this_vault(const StorageOptions& options);

  // Destroyed in the opposite order: each uses those above it.
  std::unique_ptr<slot::LocalSlot> slot_;
  std::unique_ptr<grid::EmbeddedCoordination> coordination_;
  std::unique_ptr<vault::TableHome> tables_;
  std::unique_ptr<vault::LocalVault> vault_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<catalog::Users> users_;
  std::optional<Services> services_;
};

}  // namespace holdfast::node
