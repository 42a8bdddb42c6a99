#include "slot/small_files.h"

namespace holdfast::slot {
namespace {

bool is_full(const Result<void>& result) {
  return !result && result.error().code() == ErrorCode::full;
}

}  // namespace

Task<Result<void>> SmallFiles::keep_ballast() {
  auto laid = co_await lay_ballast();
  if (laid) {
    has_ballast_ = *laid == ballast_bytes;
    co_return Result<void>();
  }
  // Part of one only takes room away.
  has_ballast_ = false;
  const auto removed = co_await disk_.remove(ballast_);
  const bool is_gone = removed || removed.error().code() == ErrorCode::not_found;
  if (is_gone && laid.error().code() == ErrorCode::full) co_return Result<void>();
  co_return std::unexpected(std::move(laid).error());
}

// As large as there is room for. Returns how large that is.
Task<Result<std::size_t>> SmallFiles::lay_ballast() {
  auto file = co_await disk_.open(ballast_, {.write = true});
  if (!file && file.error().code() == ErrorCode::not_found) {
    file = co_await disk_.open(ballast_, {.write = true, .create = true});
  }
  if (!file) co_return std::unexpected(std::move(file).error());
  std::size_t size = ballast_bytes;
  auto reserved = co_await (*file)->preallocate(size);
  while (is_full(reserved) && size > ballast_bytes_min) {
    size /= 2;
    reserved = co_await (*file)->preallocate(size);
  }
  CO_TRY(std::move(reserved));
  CO_TRY(co_await (*file)->sync());
  co_return size;
}

Task<bool> SmallFiles::drop_ballast() {
  has_ballast_ = false;
  co_return (co_await disk_.remove(ballast_)).has_value();
}

Task<Result<void>> SmallFiles::replace(std::string name, ByteView content) {
  auto replaced = co_await env::replace_file(disk_, name, content);
  if (!is_full(replaced)) co_return replaced;
  const auto hold = co_await giving_.lock();
  if (!co_await drop_ballast()) co_return replaced;
  replaced = co_await env::replace_file(disk_, std::move(name), content);
  // The old content has gone, and its room is there for the next time.
  static_cast<void>(co_await keep_ballast());
  co_return replaced;
}

Task<Result<void>> SmallFiles::make_folder(std::string name) {
  auto made = co_await disk_.make_folder(name);
  if (!is_full(made)) co_return made;
  const auto hold = co_await giving_.lock();
  if (!co_await drop_ballast()) co_return made;
  made = co_await disk_.make_folder(std::move(name));
  static_cast<void>(co_await keep_ballast());
  co_return made;
}

}  // namespace holdfast::slot
