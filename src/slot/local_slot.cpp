#include "slot/local_slot.h"

#include "slot/identity.h"
#include "wire/envelope.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::slot {
namespace {

constexpr wire::Format block_format{.magic = "HFBLOCK.", .version = 1};
constexpr std::size_t block_name_max = 32;
constexpr std::size_t identity_bytes_max =
    LocalSlot::incarnations_max * Incarnation::size + 1 * kib;

Result<void> check_block_name(std::string_view name) {
  const bool is_good =
      !name.empty() && name.size() <= block_name_max && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      });
  if (!is_good) return fail(ErrorCode::invalid, fmt::format("'{}' names no block", name));
  return {};
}

// `not_found` only where there never was a slot, or one that nobody was told of.
Task<Result<Bytes>> read_identity(env::Disk& disk, std::string folder) {
  auto bytes = co_await env::read_own_file(disk, folder + "/slot", identity_bytes_max);
  if (bytes) co_return bytes;
  // What the slot makes once it is open.
  if (bytes.error().code() == ErrorCode::not_found &&
      co_await disk.open(folder + "/logs/known", {})) {
    co_return fail(ErrorCode::corrupt, "it is gone, and the rest of the slot is there");
  }
  co_return bytes;
}

}  // namespace

LocalSlot::LocalSlot(env::Disk& disk, std::string folder, env::Random& random,
                     LocalSlotOptions options)
    : disk_(disk),
      random_(random),
      folder_(std::move(folder)),
      root_(options.root),
      options_(options),
      small_files_(disk, folder_),
      shards_(disk, folder_ + "/shards"),
      logs_(disk, random, small_files_, folder_ + "/logs", options.log_file_bytes, root_) {}

Task<Result<std::unique_ptr<LocalSlot>>> LocalSlot::create(env::Disk& disk, std::string folder,
                                                           env::Random& random,
                                                           LocalSlotOptions options) {
  std::unique_ptr<LocalSlot> slot(new LocalSlot(disk, folder, random, options));
  CO_TRY(co_await disk.make_folder(folder));
  const auto slash = folder.rfind('/');
  CO_TRY(co_await disk.sync_folder(slash == std::string::npos ? "" : folder.substr(0, slash)));
  CO_TRY_LET(slot->lock_, co_await disk.lock(folder + "/lock", "holdfast slot"));
  auto there = co_await env::read_file(disk, folder + "/slot", identity_bytes_max);
  if (there || there.error().code() != ErrorCode::not_found) {
    co_return fail(ErrorCode::already_exists, fmt::format("{} holds a slot", folder));
  }
  for (const std::string_view part : {"shards", "logs", "blocks"}) {
    CO_TRY(co_await disk.make_folder(fmt::format("{}/{}", folder, part)));
  }
  CO_TRY(co_await disk.sync_folder(folder));
  // The identity comes last: without it the folder holds no slot.
  slot->id_ = random.draw<SlotId>();
  slot->incarnations_.push_back(random.draw<Incarnation>());
  CO_TRY(co_await slot->save_identity());
  CO_TRY(co_await slot->load());
  co_return slot;
}

Task<Result<std::unique_ptr<LocalSlot>>> LocalSlot::open(env::Disk& disk, std::string folder,
                                                         env::Random& random,
                                                         LocalSlotOptions options) {
  const std::string path = folder + "/slot";
  const std::string shown = env::path_shown(options.root, path);
  auto bytes = co_await read_identity(disk, folder);
  if (!bytes) co_return std::unexpected(std::move(bytes).error().within(shown));
  std::unique_ptr<LocalSlot> slot(new LocalSlot(disk, folder, random, options));
  CO_TRY_LET(slot->lock_, co_await disk.lock(folder + "/lock", "holdfast slot"));
  // Again, now that nobody else can be writing it.
  CO_TRY_LET(*bytes, co_await env::read_file(disk, path, identity_bytes_max));
  auto identity = decode_identity(*bytes);
  if (!identity) co_return std::unexpected(std::move(identity).error().within(shown));
  slot->id_ = identity->id;
  slot->incarnations_ = std::move(identity->incarnations);
  if (slot->incarnations_.size() >= incarnations_max) {
    slot->incarnations_.erase(slot->incarnations_.begin());
  }
  slot->incarnations_.push_back(random.draw<Incarnation>());
  CO_TRY(co_await slot->save_identity());
  CO_TRY(co_await slot->load());
  co_return slot;
}

Task<Result<void>> LocalSlot::load() {
  CO_TRY(co_await shards_.open());
  CO_TRY(co_await logs_.open());
  co_return co_await small_files_.keep_ballast();
}

Task<Result<void>> LocalSlot::save_identity() {
  const Bytes bytes = encode_identity(id_, incarnations_);
  co_return co_await small_files_.replace(folder_ + "/slot", bytes);
}

Task<void> LocalSlot::close() {
  co_await logs_.close();
}

Result<void> LocalSlot::check_incarnation(const LogWriter& writer) const {
  if (writer.incarnation != incarnation()) {
    return fail(ErrorCode::conflict, fmt::format("slot {} was opened again since", to_string(id_)));
  }
  return {};
}

Result<void> LocalSlot::check_quota(std::uint64_t more_bytes) const {
  const std::uint64_t used = shards_.size_bytes() + logs_.size_bytes();
  if (options_.quota_bytes != 0 && used + more_bytes > options_.quota_bytes) {
    return fail(ErrorCode::full, fmt::format("slot {} holds {} bytes of its {}", to_string(id_),
                                             used, options_.quota_bytes));
  }
  return {};
}

Task<Result<void>> LocalSlot::put_shard(ShardName name, ShardContent content) {
  CO_TRY(check_quota(content.leaves.size() * block_bytes));
  co_return co_await shards_.put(name, std::move(content));
}

Task<Result<void>> LocalSlot::read_shard(ShardName name, std::uint32_t first_block,
                                         MutableByteView into) {
  co_return co_await shards_.read(name, first_block, into);
}

Task<Result<AlignedBuffer>> LocalSlot::read_shard_verified(ShardName name,
                                                           std::uint32_t first_block,
                                                           std::uint32_t block_count) {
  co_return co_await shards_.read_verified(name, first_block, block_count);
}

Task<Result<ShardHead>> LocalSlot::head_shard(ShardName name) {
  co_return co_await shards_.head(name);
}

Task<Result<void>> LocalSlot::remove_shard(ShardName name) {
  co_return co_await shards_.remove(name);
}

Task<Result<std::vector<ShardName>>> LocalSlot::list_shards(std::optional<ShardName> after,
                                                            std::size_t count_max) {
  co_return co_await shards_.list(after, count_max);
}

Task<Result<void>> LocalSlot::create_log(LogWriter writer, LogTail start, Bytes header) {
  CO_TRY(check_incarnation(writer));
  CO_TRY(co_await logs_.create(writer, start, std::move(header), {}));
  co_return Result<void>();
}

Task<Result<Slot::Continued>> LocalSlot::continue_log(LogWriter writer, LogTail start, Bytes header,
                                                      GenerationId from) {
  CO_TRY(check_incarnation(writer));
  co_return co_await logs_.create(writer, start, std::move(header), from);
}

Task<Result<void>> LocalSlot::append(LogWriter writer, LogTail before,
                                     std::span<const ByteView> records) {
  CO_TRY(check_incarnation(writer));
  CO_TRY_LET(const auto log, logs_.find(writer.generation));
  co_return co_await log->append(writer.epoch, before, records);
}

Task<Result<FenceReply>> LocalSlot::fence(GenerationId generation, std::uint64_t epoch) {
  CO_TRY_LET(const auto log, logs_.find(generation));
  CO_TRY_LET(const LocalLog::Fenced fenced, co_await log->fence(epoch));
  co_return FenceReply{.incarnations = incarnations_, .before = fenced.before, .tail = fenced.tail};
}

Task<Result<std::vector<LogRecord>>> LocalSlot::read_log(GenerationId generation,
                                                         std::uint64_t from,
                                                         std::size_t bytes_max) {
  CO_TRY_LET(const auto log, logs_.find(generation));
  co_return co_await log->read(from, bytes_max);
}

Task<Result<void>> LocalSlot::truncate_log(LogWriter writer, std::uint64_t until) {
  CO_TRY(check_incarnation(writer));
  CO_TRY_LET(const auto log, logs_.find(writer.generation));
  co_return co_await log->truncate(writer.epoch, until);
}

Task<Result<void>> LocalSlot::cut_log(LogWriter writer, LogTail end) {
  CO_TRY(check_incarnation(writer));
  CO_TRY_LET(const auto log, logs_.find(writer.generation));
  co_return co_await log->cut(writer.epoch, end);
}

Task<Result<void>> LocalSlot::remove_log(LogWriter writer) {
  CO_TRY(check_incarnation(writer));
  co_return co_await logs_.remove(writer);
}

Task<Result<std::vector<LogEntry>>> LocalSlot::list_logs() {
  co_return logs_.list();
}

Task<Result<void>> LocalSlot::put_block(std::string name, Bytes value) {
  CO_TRY(check_block_name(name));
  if (value.size() > block_value_bytes_max) {
    co_return fail(ErrorCode::invalid, fmt::format("block {} of {} bytes", name, value.size()));
  }
  const Bytes bytes = wire::enclose(block_format, value);
  co_return co_await small_files_.replace(folder_ + "/blocks/" + name, bytes);
}

Task<Result<std::optional<Bytes>>> LocalSlot::get_block(std::string name) {
  CO_TRY(check_block_name(name));
  const std::string path = folder_ + "/blocks/" + name;
  const std::string shown = env::path_shown(root_, path);
  auto bytes =
      co_await env::read_own_file(disk_, path, block_value_bytes_max + wire::envelope_bytes);
  if (!bytes && bytes.error().code() == ErrorCode::not_found) co_return std::nullopt;
  if (!bytes) co_return std::unexpected(std::move(bytes).error().within(shown));
  auto opened = wire::open_envelope(block_format, *bytes);
  if (!opened) co_return std::unexpected(std::move(opened).error().within(shown));
  co_return to_bytes(opened->payload);
}

Task<Result<Slot::Usage>> LocalSlot::usage() {
  // Room may have come back since.
  if (!small_files_.has_ballast()) static_cast<void>(co_await small_files_.keep_ballast());
  if (logs_.is_short()) static_cast<void>(co_await logs_.refill());
  CO_TRY_LET(const env::Space space, co_await disk_.space());
  Usage usage{.size = space.size,
              .free = space.free,
              .shards = shards_.size_bytes(),
              .logs = logs_.size_bytes()};
  if (options_.quota_bytes != 0) {
    const std::uint64_t used = usage.shards + usage.logs;
    usage.size = options_.quota_bytes;
    usage.free = std::min(usage.free, options_.quota_bytes - std::min(used, options_.quota_bytes));
  }
  usage.is_short = logs_.is_short() || usage.free < options_.reserve_bytes;
  co_return usage;
}

}  // namespace holdfast::slot
