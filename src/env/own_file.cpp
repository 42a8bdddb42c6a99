#include "env/own_file.h"

#include <fmt/format.h>

namespace holdfast::env {

Task<Result<Bytes>> read_own_file(Disk& disk, std::string name, std::size_t size_max) {
  auto bytes = co_await read_file(disk, std::move(name), size_max);
  if (bytes || bytes.error().code() != ErrorCode::invalid) co_return bytes;
  co_return fail(ErrorCode::corrupt, bytes.error().context());
}

std::string path_shown(std::string_view root, std::string_view path) {
  return root.empty() ? std::string(path) : fmt::format("{}/{}", root, path);
}

}  // namespace holdfast::env
