#include "env/disk.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::env {
namespace {

Task<Result<void>> write_new_file(Disk& disk, std::string name, ByteView content) {
  CO_TRY_LET(const auto file, co_await disk.open(name, {.write = true, .create = true}));
  CO_TRY(co_await file->write(0, content));
  co_return co_await file->sync();
}

}  // namespace

Task<Result<void>> File::write_durably(std::uint64_t offset, ByteView content) {
  CO_TRY(co_await write(offset, content));
  co_return co_await sync();
}

Result<void> check_name(std::string_view name) {
  constexpr std::size_t part_size_max = 255;
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part.size() > part_size_max || part == "." || part == ".." ||
        part.contains('\0')) {
      return fail(ErrorCode::invalid, fmt::format("\"{}\" is no name of a file", name));
    }
    start = end + 1;
  }
  return {};
}

std::string folder_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : name.substr(0, slash));
}

std::string leaf_of(std::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

Task<Result<Bytes>> read_file(Disk& disk, std::string name, std::size_t size_max) {
  CO_TRY_LET(const auto file, co_await disk.open(name, {}));
  CO_TRY_LET(const std::uint64_t size, co_await file->size());
  if (size > size_max) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("{} has {} bytes, at most {} expected", name, size, size_max));
  }
  Bytes content(size);
  CO_TRY_LET(const std::size_t read, co_await file->read(0, content));
  content.resize(read);
  co_return content;
}

Task<Result<void>> replace_file(Disk& disk, std::string name, ByteView content) {
  const std::string fresh = name + ".new";
  // A leftover of an interrupted replacement.
  if (auto removed = co_await disk.remove(fresh);
      !removed && removed.error().code() != ErrorCode::not_found) {
    co_return removed;
  }
  CO_TRY(co_await write_new_file(disk, fresh, content));
  CO_TRY(co_await disk.rename(fresh, name));
  co_return co_await disk.sync_folder(folder_of(name));
}

}  // namespace holdfast::env
