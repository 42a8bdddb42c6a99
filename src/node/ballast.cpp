#include "node/ballast.h"

#include "base/log.h"

#include <algorithm>

namespace holdfast::node {
namespace {

constexpr const char* ballast_file = "ballast";

std::uint64_t whole_size(const env::Space& space) {
  return std::min(Ballast::bytes_max, space.size / Ballast::disk_share);
}

}  // namespace

Task<void> Ballast::make_room() {
  const auto space = co_await disk_.space();
  bytes_ = co_await find();
  if (!space || space->free >= whole_size(*space)) co_return co_await keep();
  if (bytes_ == 0) co_return;
  log::warning(
      "the disk of the data folder has {} bytes left, and {} that were kept back. Free "
      "some: reads and deletes go on, new content is refused",
      space->free, bytes_);
  static_cast<void>(co_await disk_.remove(ballast_file));
  bytes_ = 0;
}

Task<void> Ballast::keep() {
  const auto space = co_await disk_.space();
  if (!space) co_return;
  const std::uint64_t whole = whole_size(*space);
  const std::uint64_t size = std::min(whole, (space->free + bytes_) / 4 * 3);
  // It does not follow each small change of what is free.
  if (bytes_ >= whole || size < bytes_min || (size < whole && size < 2 * bytes_)) co_return;
  if (co_await lay(size)) {
    bytes_ = size;
    co_return;
  }
  // Part of one only takes room away.
  static_cast<void>(co_await disk_.remove(ballast_file));
  bytes_ = 0;
}

// The size of the one that is there.
Task<std::uint64_t> Ballast::find() {
  const auto file = co_await disk_.open(ballast_file, {});
  if (!file) co_return 0;
  const auto size = co_await (*file)->size();
  co_return size.value_or(0);
}

Task<Result<void>> Ballast::lay(std::uint64_t size) {
  auto file = co_await disk_.open(ballast_file, {.write = true});
  if (!file) file = co_await disk_.open(ballast_file, {.write = true, .create = true});
  if (!file) co_return std::unexpected(std::move(file).error());
  CO_TRY(co_await (*file)->preallocate(size));
  co_return co_await (*file)->sync();
}

}  // namespace holdfast::node
