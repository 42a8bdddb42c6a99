#include "node/start_room.h"

#include "base/log.h"

#include <algorithm>

namespace holdfast::node {
namespace {

std::uint64_t whole_size(const env::Space& space) {
  return std::min(StartRoom::bytes_max, space.size / StartRoom::disk_share);
}

}  // namespace

Task<void> StartRoom::make_room() {
  const auto space = co_await disk_.space();
  co_await ballast_.find();
  if (!space || space->free >= whole_size(*space)) co_return co_await keep();
  if (ballast_.bytes() == 0) co_return;
  log::warning(
      "the disk of the data folder has {} bytes left, and {} that were kept back. Free "
      "some: reads and deletes go on, new content is refused",
      space->free, ballast_.bytes());
  static_cast<void>(co_await ballast_.give_up());
}

Task<void> StartRoom::keep() {
  const auto space = co_await disk_.space();
  if (!space) co_return;
  const std::uint64_t whole = whole_size(*space);
  const std::uint64_t bytes = ballast_.bytes();
  const std::uint64_t size = std::min(whole, (space->free + bytes) / 4 * 3);
  // It does not follow each small change of what is free.
  if (bytes >= whole || size < bytes_min || (size < whole && size < 2 * bytes)) co_return;
  static_cast<void>(co_await ballast_.lay(size, bytes_min));
}

}  // namespace holdfast::node
