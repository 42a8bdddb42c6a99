#include "catalog/format.h"

#include "catalog/rows.h"

#include <fmt/format.h>

namespace holdfast::catalog {

Task<Result<void>> check_format(vault::Vault& vault) {
  const std::string key(format_key);
  CO_TRY_LET(const auto row, co_await vault.table().get(settings_family, key));
  if (!row) {
    vault::Record record;
    record.put(settings_family, key, encode_number(format_version));
    CO_TRY(co_await vault.commit(std::move(record)));
    co_return Result<void>();
  }
  CO_TRY_LET(const std::uint64_t version, decode_number(*row));
  if (version == format_version) co_return Result<void>();
  co_return fail(ErrorCode::unsupported,
                 fmt::format("the catalog has format {} and this program knows {}: use the release "
                             "that wrote it, or a newer one",
                             version, format_version));
}

}  // namespace holdfast::catalog
