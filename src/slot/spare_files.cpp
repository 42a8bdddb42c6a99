#include "slot/spare_files.h"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <cstring>

namespace holdfast::slot {
namespace {

constexpr std::size_t zeros_bytes = 1 * mib;
constexpr std::string_view suffix = ".spare";

Task<Result<void>> write_zeros(env::Disk& disk, std::string name, std::size_t size) {
  CO_TRY_LET(const auto file,
             co_await disk.open(name, {.write = true, .create = true, .direct = true}));
  CO_TRY(co_await file->preallocate(size));
  AlignedBuffer zeros(zeros_bytes);
  std::memset(zeros.data(), 0, zeros.size());
  for (std::size_t done = 0; done < size; done += zeros_bytes) {
    CO_TRY(co_await file->write(done, zeros.view().first(std::min(zeros_bytes, size - done))));
  }
  co_return co_await file->sync();
}

}  // namespace

Task<Result<void>> SpareFiles::open() {
  CO_TRY_LET(const auto entries, co_await disk_.list(folder_));
  for (const env::Entry& entry : entries) {
    const std::string path = folder_ + "/" + entry.name;
    if (entry.size == file_bytes_ && entry.name.ends_with(suffix) && ready_.size() < count_max) {
      ready_.push_back(path);
    } else {
      CO_TRY(co_await disk_.remove(path));
    }
    // Names are hexadecimal numbers; no new file takes an old name.
    names_ever_ =
        std::max(names_ever_, std::uint64_t{std::strtoull(entry.name.c_str(), nullptr, 16)});
  }
  co_return Result<void>();
}

Task<Result<std::string>> SpareFiles::take(std::size_t size) {
  const auto hold = co_await making_.lock();
  if (size > file_bytes_) {
    co_return co_await make((size + zeros_bytes - 1) / zeros_bytes * zeros_bytes);
  }
  if (ready_.empty()) {
    CO_TRY_LET(std::string path, co_await make(file_bytes_));
    ready_.push_back(std::move(path));
  }
  std::string path = std::move(ready_.front());
  ready_.pop_front();
  if (ready_.empty() && under_way_.count() == 0) {
    under_way_.spawn(co_await boost::asio::this_coro::executor, refill_in_background());
  }
  co_return path;
}

Task<Result<std::string>> SpareFiles::make(std::size_t size) {
  std::string path = fmt::format("{}/{:016x}{}", folder_, ++names_ever_, suffix);
  const std::string unfinished = path + ".new";
  auto written = co_await write_zeros(disk_, unfinished, size);
  if (!written) {
    // The room goes back at once: somebody is short of it.
    auto removed = co_await disk_.remove(unfinished);
    co_return std::unexpected(std::move(written).error().within("prepare a log file"));
  }
  CO_TRY(co_await disk_.rename(unfinished, path));
  CO_TRY(co_await disk_.sync_folder(folder_));
  co_return path;
}

Task<Result<void>> SpareFiles::give(std::string from_folder, std::string name, std::uint64_t size) {
  const std::string from = from_folder + "/" + name;
  if (size != file_bytes_ || ready_.size() >= count_max) {
    CO_TRY(co_await disk_.remove(from));
    co_return co_await disk_.sync_folder(from_folder);
  }
  std::string path = fmt::format("{}/{:016x}{}", folder_, ++names_ever_, suffix);
  CO_TRY(co_await disk_.rename(from, path));
  // Gone from the log before it is written to: a crash must not show it in both places.
  CO_TRY(co_await disk_.sync_folder(from_folder));
  CO_TRY(co_await disk_.sync_folder(folder_));
  ready_.push_back(std::move(path));
  is_short_ = false;
  co_return Result<void>();
}

Task<Result<void>> SpareFiles::shed(std::size_t count) {
  if (ready_.size() <= count) co_return Result<void>();
  while (ready_.size() > count) {
    const std::string path = std::move(ready_.back());
    ready_.pop_back();
    CO_TRY(co_await disk_.remove(path));
  }
  co_return co_await sync();
}

Task<Result<void>> SpareFiles::refill() {
  const auto hold = co_await making_.lock();
  if (!ready_.empty()) co_return Result<void>();
  auto path = co_await make(file_bytes_);
  is_short_ = !path && path.error().code() == ErrorCode::full;
  if (!path) co_return std::unexpected(std::move(path).error());
  ready_.push_back(std::move(*path));
  co_return Result<void>();
}

Task<void> SpareFiles::refill_in_background() {
  // Whoever takes the next file meets the failure, if it lasts.
  static_cast<void>(co_await refill());
}

}  // namespace holdfast::slot
