#include "catalog/numbers.h"

#include "catalog/rows.h"

namespace holdfast::catalog {

Task<Result<void>> Numbers::load() {
  CO_TRY_LET(const auto row,
             co_await vault_.table().get(settings_family, std::string(numbers_key)));
  if (row) {
    CO_TRY_LET(next_, decode_number(*row));
    reserved_ = next_;
  }
  co_return Result<void>();
}

Task<Result<std::uint64_t>> Numbers::next() {
  while (next_ == reserved_) {
    const auto hold = co_await reserving_.lock();
    if (next_ < reserved_) break;
    vault::Record record;
    record.put(settings_family, std::string(numbers_key), encode_number(reserved_ + block));
    CO_TRY(co_await vault_.commit(std::move(record)));
    reserved_ += block;
  }
  co_return next_++;
}

}  // namespace holdfast::catalog
