// The version of the catalog's rows.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "vault/vault.h"

namespace holdfast::catalog {

// Writes the version into tables that have none, and fails with `unsupported` if they have another
// one than this program knows. Before any other row is read.
Task<Result<void>> check_format(vault::Vault& vault);

}  // namespace holdfast::catalog
