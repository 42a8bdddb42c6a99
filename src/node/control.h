// What the API asks of the node behind it, beyond the objects themselves.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "catalog/catalog.h"
#include "catalog/users.h"
#include "node/message.h"
#include "vault/vault.h"

#include <string>
#include <vector>

namespace holdfast::node {

// The vault and what lies in it, once it is open.
struct Services {
  catalog::Catalog& catalog;
  catalog::Users& users;
  vault::Vault& vault;
};

class Control {
 public:
  virtual ~Control() = default;

  virtual Task<StatusReport> status() = 0;

  // Fails with `unavailable` while the vault is not open: says why, and what to do. What it returns
  // lives until the request at work has been answered.
  virtual Result<Services*> services() = 0;

  // Opens a locked vault. `denied` for the wrong passphrase; content with an open one.
  virtual Task<Result<void>> unlock(std::string passphrase) = 0;

  // Lets requests at work end, closes the vault and forgets its keys. Fails with `conflict` where
  // no passphrase is set, so that only a new start would open it again.
  virtual Task<Result<void>> lock() = 0;

  // Makes the tables durable, here and as a copy in the slots. `unavailable` as for services().
  virtual Task<Result<void>> checkpoint() = 0;

  virtual Task<Result<std::vector<VaultKeyReport>>> vault_keys() = 0;
  virtual Task<Result<std::string>> recovery_words() = 0;
  virtual Task<Result<void>> set_passphrase(std::string passphrase) = 0;
  virtual Task<Result<void>> remove_passphrase() = 0;

  virtual std::vector<SettingReport> settings() const = 0;

  // Everything measured, as OpenMetrics text.
  virtual Task<std::string> metrics() = 0;
};

}  // namespace holdfast::node
