#include "env/ballast.h"

#include <algorithm>

namespace holdfast::env {

Task<void> Ballast::find() {
  bytes_ = 0;
  const auto file = co_await disk_.open(name_, {});
  if (!file) co_return;
  const auto size = co_await (*file)->size();
  bytes_ = size.value_or(0);
}

Task<Result<void>> Ballast::lay(std::uint64_t size, std::uint64_t least) {
  auto laid = co_await reserve(size, least);
  if (laid) {
    bytes_ = *laid;
    co_return Result<void>();
  }
  bytes_ = 0;
  const auto removed = co_await disk_.remove(name_);
  const bool is_gone = removed || removed.error().code() == ErrorCode::not_found;
  if (is_gone && laid.error().code() == ErrorCode::full) co_return Result<void>();
  co_return std::unexpected(std::move(laid).error());
}

Task<Result<std::uint64_t>> Ballast::reserve(std::uint64_t size, std::uint64_t least) {
  auto file = co_await disk_.open(name_, {.write = true});
  const bool is_new = !file && file.error().code() == ErrorCode::not_found;
  if (is_new) {
    file = co_await disk_.open(name_, {.write = true, .create = true});
  }
  if (!file) co_return std::unexpected(std::move(file).error());
  auto reserved = co_await (*file)->preallocate(size);
  while (!reserved && reserved.error().code() == ErrorCode::full && size / 2 >= least) {
    size /= 2;
    reserved = co_await (*file)->preallocate(size);
  }
  CO_TRY(std::move(reserved));
  CO_TRY(co_await (*file)->sync());
  if (is_new) {
    CO_TRY(co_await disk_.sync_folder(folder_of(name_)));
  }
  co_return std::max(size, bytes_);  // It does not shrink.
}

Task<bool> Ballast::give_up() {
  bytes_ = 0;
  co_return (co_await disk_.remove(name_)).has_value();
}

}  // namespace holdfast::env
