#include "slot/small_files.h"

namespace holdfast::slot {
namespace {

bool is_full(const Result<void>& result) {
  return !result && result.error().code() == ErrorCode::full;
}

}  // namespace

Task<Result<void>> SmallFiles::replace(std::string name, ByteView content) {
  auto replaced = co_await env::replace_file(disk_, name, content);
  if (!is_full(replaced)) co_return replaced;
  const auto hold = co_await giving_.lock();
  if (!co_await ballast_.give_up()) co_return replaced;
  replaced = co_await env::replace_file(disk_, std::move(name), content);
  // The old content has gone, and its room is there for the next time.
  static_cast<void>(co_await keep_ballast());
  co_return replaced;
}

Task<Result<void>> SmallFiles::make_folder(std::string name) {
  auto made = co_await disk_.make_folder(name);
  if (!is_full(made)) co_return made;
  const auto hold = co_await giving_.lock();
  if (!co_await ballast_.give_up()) co_return made;
  made = co_await disk_.make_folder(std::move(name));
  static_cast<void>(co_await keep_ballast());
  co_return made;
}

}  // namespace holdfast::slot
