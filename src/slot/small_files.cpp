#include "slot/small_files.h"

namespace holdfast::slot {
namespace {

bool is_full(const Result<void>& result) {
  return !result && result.error().code() == ErrorCode::full;
}

Task<Result<void>> make_ballast(env::Disk& disk, std::string name) {
  CO_TRY_LET(const auto file, co_await disk.open(name, {.write = true, .create = true}));
  CO_TRY(co_await file->preallocate(SmallFiles::ballast_bytes));
  co_return co_await file->sync();
}

}  // namespace

Task<Result<void>> SmallFiles::keep_ballast() {
  auto made = co_await make_ballast(disk_, ballast_);
  has_ballast_ = made || made.error().code() == ErrorCode::already_exists;
  if (has_ballast_) co_return Result<void>();
  // Part of one would be taken for a whole one later.
  auto removed = co_await disk_.remove(ballast_);
  if (is_full(made)) co_return removed;
  co_return made;
}

Task<bool> SmallFiles::drop_ballast() {
  has_ballast_ = false;
  co_return (co_await disk_.remove(ballast_)).has_value();
}

Task<Result<void>> SmallFiles::replace(std::string name, ByteView content) {
  auto replaced = co_await env::replace_file(disk_, name, content);
  if (!is_full(replaced) || !co_await drop_ballast()) co_return replaced;
  co_return co_await env::replace_file(disk_, std::move(name), content);
}

Task<Result<void>> SmallFiles::make_folder(std::string name) {
  auto made = co_await disk_.make_folder(name);
  if (!is_full(made) || !co_await drop_ballast()) co_return made;
  co_return co_await disk_.make_folder(std::move(name));
}

}  // namespace holdfast::slot
