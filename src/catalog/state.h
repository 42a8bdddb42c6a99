// What the parts of a catalog share.
#pragma once

#include "base/result.h"
#include "catalog/directories.h"
#include "catalog/locks.h"
#include "catalog/numbers.h"
#include "catalog/open_contents.h"
#include "env/clock.h"
#include "env/random.h"
#include "vault/vault.h"

#include <string>
#include <utility>

namespace holdfast::catalog {

struct State {
  State(vault::Vault& vault_of, env::Clock& clock_of, env::Random& random_of)
      : vault(vault_of), clock(clock_of), random(random_of) {}

  env::Table& table() { return vault.table(); }

  // What was read from the tables is an answer only if this says so afterwards: a later owner may
  // have changed them.
  Result<void> confirm() const {
    if (vault.may_serve()) return {};
    return fail(ErrorCode::unavailable, "this node does not own the catalog any more");
  }
  // The refusal, unless what it rests on is in doubt.
  std::unexpected<Error> refuse(Error error) const {
    if (auto confirmed = confirm(); !confirmed) return std::unexpected(confirmed.error());
    return std::unexpected(std::move(error));
  }
  std::unexpected<Error> refuse(ErrorCode code, std::string context) const {
    return refuse(Error(code, std::move(context)));
  }

  vault::Vault& vault;
  env::Clock& clock;
  env::Random& random;
  Locks locks;
  Numbers numbers{vault};
  Directories directories{vault, numbers, locks};
  OpenContents opens{vault};
};

}  // namespace holdfast::catalog
