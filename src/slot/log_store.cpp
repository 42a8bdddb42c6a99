#include "slot/log_store.h"

#include "base/hex.h"
#include "base/log.h"
#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <fmt/format.h>

#include <optional>
#include <set>

namespace holdfast::slot {
namespace {

constexpr wire::Format known_format{.magic = "HFLOGSET", .version = 1};
constexpr std::size_t known_entry_bytes = GenerationId::size + 1;
constexpr std::size_t known_bytes_max =
    wire::envelope_bytes + 16 + 4 * LogStore::logs_max * known_entry_bytes;

// The generation that a folder is named for.
std::optional<GenerationId> generation_of(const env::Entry& entry) {
  if (!entry.is_folder || entry.name.size() != 2 * GenerationId::size) return std::nullopt;
  const auto bytes = from_hex(entry.name);
  if (!bytes) return std::nullopt;
  return GenerationId::from(*bytes);
}

}  // namespace

LogStore::LogStore(env::Disk& disk, env::Random& random, SmallFiles& small_files,
                   std::string folder, std::size_t file_bytes, std::string root)
    : around_{.disk = disk,
              .random = random,
              .small_files = small_files,
              .spares = spares_,
              .root = std::move(root)},
      folder_(std::move(folder)),
      spares_(disk, folder_ + "/spare", file_bytes) {}

std::string LogStore::folder_of(GenerationId generation) const {
  return folder_ + "/" + to_string(generation);
}

Task<Result<void>> LogStore::open() {
  CO_TRY(co_await around_.disk.make_folder(folder_ + "/spare"));
  CO_TRY(co_await around_.disk.sync_folder(folder_));
  CO_TRY(co_await spares_.open());

  if (auto read = co_await read_known(); !read) {
    co_return std::unexpected(std::move(read).error().within(around_.shown(folder_ + "/known")));
  }

  CO_TRY_LET(const auto entries, co_await around_.disk.list(folder_));
  for (const env::Entry& entry : entries) {
    const auto generation = generation_of(entry);
    if (!generation || known_.contains(*generation)) continue;
    CO_TRY(co_await adopt(*generation));
  }
  for (auto& [generation, known] : known_) {
    CO_TRY(co_await open_known(generation, known));
  }
  // Whoever might ask for a removed one to be made again would show an incarnation that has passed.
  std::erase_if(known_, [](const auto& each) { return each.second.is_removed; });
  CO_TRY(co_await save());
  if (auto filled = co_await spares_.refill();
      !filled && filled.error().code() != ErrorCode::full) {
    co_return filled;
  }
  co_return Result<void>();
}

Task<Result<void>> LogStore::read_known() {
  auto bytes = co_await env::read_own_file(around_.disk, folder_ + "/known", known_bytes_max);
  if (!bytes && bytes.error().code() == ErrorCode::not_found) co_return Result<void>();
  if (!bytes) co_return std::unexpected(std::move(bytes).error());
  CO_TRY_LET(const auto opened, wire::open_envelope(known_format, *bytes));
  wire::Reader reader(opened.payload);
  CO_TRY_LET(const std::size_t count, reader.take_count(known_entry_bytes));
  for (std::size_t i = 0; i < count; ++i) {
    CO_TRY_LET(const auto generation, reader.take_id<GenerationId>());
    CO_TRY_LET(const std::uint8_t is_removed, reader.take_u8());
    known_[generation].is_removed = is_removed != 0;
  }
  co_return reader.finish();
}

// A log that a crash interrupted between its making and its becoming known. Nobody was told that it
// is there, so it may stay or go: it stays if it is complete.
Task<Result<void>> LogStore::adopt(GenerationId generation) {
  auto opened = co_await LocalLog::open(around_, folder_of(generation));
  if (!opened && opened.error().code() == ErrorCode::not_found) {
    co_return co_await clear_folder(folder_of(generation));
  }
  if (!opened) co_return co_await open_known(generation, known_[generation]);
  known_[generation].log = std::move(*opened);
  co_return Result<void>();
}

Task<Result<void>> LogStore::open_known(GenerationId generation, Known& known) {
  if (known.is_removed) co_return co_await clear_folder(folder_of(generation));
  if (known.log) co_return Result<void>();
  auto opened = co_await LocalLog::open(around_, folder_of(generation));
  if (opened) {
    known.log = std::move(*opened);
  } else if (opened.error().code() == ErrorCode::unsupported) {
    co_return std::unexpected(std::move(opened).error());
  } else {
    known.loss = opened.error().code() == ErrorCode::not_found
                     ? around_.shown(folder_of(generation)) + "/head is gone"
                     : opened.error().context();
    log::error("slot: log {} is lost: {}", to_string(generation), known.loss);
  }
  co_return Result<void>();
}

Task<Result<Slot::Continued>> LogStore::create(LogWriter writer, LogTail start, Bytes header,
                                               std::optional<GenerationId> from) {
  if (header.size() > log_header_bytes_max) {
    co_return fail(ErrorCode::invalid, fmt::format("a log header of {} bytes", header.size()));
  }
  const auto hold = co_await changing_.lock();
  if (const auto found = known_.find(writer.generation); found != known_.end()) {
    if (!found->second.log || found->second.log->is_damaged()) {
      co_return fail(ErrorCode::corrupt, fmt::format("log {} was made here before and is lost",
                                                     to_string(writer.generation)));
    }
    const LocalLog& log = *found->second.log;
    const bool is_same = log.head().start == start && (from || log.tail() == start) &&
                         log.head().header == header && log.head().epoch == writer.epoch;
    if (!is_same) {
      co_return fail(ErrorCode::conflict,
                     fmt::format("log {} exists", to_string(writer.generation)));
    }
    co_return Slot::Continued{.tail = log.tail(), .bytes = log.record_bytes()};
  }
  if (known_.size() >= logs_max) {
    co_return fail(ErrorCode::full, fmt::format("the slot has {} logs", known_.size()));
  }

  const std::string folder = folder_of(writer.generation);
  CO_TRY(co_await clear_folder(folder));  // What an attempt that failed left.
  CO_TRY(co_await around_.small_files.make_folder(folder));
  std::shared_ptr<LocalLog> old;
  if (const auto found = from ? find(*from) : nullptr) old = *found;
  CO_TRY_LET(std::shared_ptr<LocalLog> log,
             co_await LocalLog::create(around_, folder,
                                       {.generation = writer.generation,
                                        .epoch = writer.epoch,
                                        .incarnation = writer.incarnation,
                                        .start = start,
                                        .first_sequence = 0,
                                        .synced = {},
                                        .end = {},
                                        .header = std::move(header),
                                        .origins = {}},
                                       old.get()));
  CO_TRY(co_await around_.disk.sync_folder(folder_));
  known_[writer.generation].log = log;
  if (auto saved = co_await save(); !saved) {
    known_.erase(writer.generation);
    co_return std::unexpected(std::move(saved).error());
  }
  co_return Slot::Continued{.tail = log->tail(), .bytes = log->record_bytes()};
}

Result<std::shared_ptr<LocalLog>> LogStore::find(GenerationId generation) const {
  const auto found = known_.find(generation);
  if (found == known_.end() || found->second.is_removed) {
    return fail(ErrorCode::not_found, fmt::format("no log {}", to_string(generation)));
  }
  if (!found->second.log) {
    return fail(ErrorCode::corrupt,
                fmt::format("log {} is lost: {}", to_string(generation), found->second.loss));
  }
  return found->second.log;
}

Task<Result<void>> LogStore::remove(LogWriter writer) {
  const auto hold = co_await changing_.lock();
  const auto found = known_.find(writer.generation);
  if (found == known_.end() || found->second.is_removed) co_return Result<void>();
  if (found->second.log && writer.epoch < found->second.log->head().epoch) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("log {} is fenced at epoch {}", to_string(writer.generation),
                               found->second.log->head().epoch));
  }
  auto log = std::move(found->second.log);
  found->second.is_removed = true;
  if (auto saved = co_await save(); !saved) {
    found->second.is_removed = false;
    found->second.log = std::move(log);
    co_return saved;
  }
  std::string spare;
  if (log) {
    spare = log->newest_file();
    co_await log->retire();
  }
  co_return co_await clear_folder(folder_of(writer.generation), std::move(spare));
}

// Removes a log's folder with all that is in it. Content if there is none. Other logs may have
// files of it; not so its newest, `spare`, which may be used again.
Task<Result<void>> LogStore::clear_folder(std::string folder, std::string spare) {
  auto entries = co_await around_.disk.list(folder);
  if (!entries && entries.error().code() == ErrorCode::not_found) co_return Result<void>();
  if (!entries) co_return std::unexpected(std::move(entries).error());
  for (const env::Entry& entry : *entries) {
    if (entry.name == spare) {
      CO_TRY(co_await spares_.give(folder, entry.name, entry.size));
    } else {
      CO_TRY(co_await around_.disk.remove(folder + "/" + entry.name));
    }
  }
  CO_TRY(co_await around_.disk.remove_folder(folder));
  co_return co_await around_.disk.sync_folder(folder_);
}

Task<Result<void>> LogStore::save() {
  wire::Writer writer;
  writer.put_varint(known_.size());
  for (const auto& [generation, known] : known_) {
    writer.put_id(generation);
    writer.put_u8(static_cast<std::uint8_t>(known.is_removed ? 1 : 0));
  }
  co_return co_await around_.small_files.replace(folder_ + "/known",
                                                 wire::enclose(known_format, writer.view()));
}

std::vector<LogEntry> LogStore::list() const {
  std::vector<LogEntry> entries;
  for (const auto& [generation, known] : known_) {
    if (known.is_removed) continue;
    LogEntry entry{.generation = generation, .is_damaged = true, .header = {}};
    if (known.log) {
      entry.epoch = known.log->head().epoch;
      entry.is_damaged = known.log->is_damaged();
      entry.header = known.log->head().header;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::uint64_t LogStore::size_bytes() const {
  std::uint64_t size = spares_.size_bytes();
  for (const auto& [generation, known] : known_) {
    if (known.log) size += known.log->size_bytes();
  }
  return size;
}

Task<void> LogStore::close() {
  co_await spares_.close();
  for (const auto& [generation, known] : known_) {
    if (!known.log) continue;
    if (auto closed = co_await known.log->close(); !closed) {
      log::warning("slot: log {}: {}", to_string(generation), closed.error().context());
    }
  }
}

}  // namespace holdfast::slot
