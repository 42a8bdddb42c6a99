#include "vault/table_recovery.h"

#include "base/log.h"
#include "codec/blake3.h"
#include "vault/checkpoint_writer.h"
#include "vault/families.h"
#include "vault/journal.h"
#include "vault/journal_record.h"
#include "vault/segment_store.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::vault {
namespace {

constexpr std::uint64_t told_every_bytes = 256 * mib;
constexpr std::string_view fresh_suffix = ".new";

// Tables that are not what they should be, as opposed to a start that fails for another reason.
bool is_damage(const Error& error) {
  return error.code() == ErrorCode::corrupt || error.code() == ErrorCode::not_found ||
         error.code() == ErrorCode::io;
}

// The rows of the newest checkpoints that the log names, older first.
class CheckpointRows {
 public:
  Task<Result<void>> take(std::uint64_t sequence, ByteView bytes) {
    auto record = decode_record(bytes);
    if (!record) {
      co_return std::unexpected(
          std::move(record).error().within(fmt::format("record {} of the log", sequence)));
    }
    for (auto& change : record->changes.changes) {
      if (change.family != meta_family || change.key != checkpoint_key) continue;
      rows.push_back(std::move(change.value));
      if (rows.size() > checkpoints_kept) rows.erase(rows.begin());
    }
    co_return Result<void>();
  }

  std::vector<std::string> rows;
};

}  // namespace

Task<Result<void>> remove_tree(env::Disk& disk, std::string folder) {
  auto entries = co_await disk.list(folder);
  if (!entries && entries.error().code() == ErrorCode::not_found) co_return Result<void>();
  if (!entries) co_return std::unexpected(std::move(entries).error());
  for (const env::Entry& entry : *entries) {
    const std::string path = folder + "/" + entry.name;
    if (entry.is_folder) {
      CO_TRY(co_await remove_tree(disk, path));
    } else {
      CO_TRY(co_await disk.remove(path));
    }
  }
  co_return co_await disk.remove_folder(folder);
}

Task<Result<std::unique_ptr<env::Table>>> TableRecovery::open() {
  auto opened = co_await env_.home.open();
  if (!opened && !is_damage(opened.error())) co_return opened;
  auto good =
      opened ? co_await check_meets_log(**opened) : Result<void>(std::unexpected(opened.error()));
  if (good) co_return opened;
  opened = nullptr;  // Closed, before its files go.
  co_return co_await rebuild(good.error().context());
}

// Tables that go further than the log are not the ones that are wrong: replay tells of that.
Task<Result<void>> TableRecovery::check_meets_log(env::Table& table) {
  CO_TRY_LET(const auto row, co_await table.get(meta_family, std::string(applied_key)));
  std::uint64_t applied = 0;
  if (row) {
    CO_TRY_LET(applied, decode_number(*row));
  }
  if (applied + 1 < env_.log.first_sequence()) {
    co_return fail(ErrorCode::corrupt,
                   applied == 0 ? "they are gone"
                                : fmt::format("they end at record {}, the log begins at {}",
                                              applied, env_.log.first_sequence()));
  }
  co_return Result<void>();
}

Task<Result<std::unique_ptr<env::Table>>> TableRecovery::rebuild(std::string reason) {
  CO_TRY_LET(const auto checkpoints, co_await find_checkpoints());
  for (auto checkpoint = checkpoints.rbegin(); checkpoint != checkpoints.rend(); ++checkpoint) {
    // The log was cut off without a copy: what is there now, damaged as it is, must stay.
    if (checkpoint->applied + 1 < env_.log.first_sequence()) break;
    log::warning(
        "The local tables cannot be used: {}. They are built again from the checkpoint at "
        "record {}, {} MiB.",
        reason, checkpoint->applied, checkpoint->size_bytes() / mib);
    auto opened = co_await open_from(*checkpoint);
    if (opened) {
      log::warning("The local tables are there again; the log from record {} on follows.",
                   checkpoint->applied + 1);
      co_return opened;
    }
    if (!is_damage(opened.error())) co_return opened;
    log::error("checkpoint at record {}: {}", checkpoint->applied, opened.error().context());
    ++passed_over_;
  }
  if (env_.log.first_sequence() > 1) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("The local tables cannot be used: {}. No checkpoint is left that "
                               "they could be built from: restore the folder {} from a backup.",
                               reason, env_.home.folder()));
  }
  log::warning("The local tables cannot be used: {}. They are built again from the log.", reason);
  CO_TRY(co_await remove_tree(env_.home.disk(), env_.home.folder()));
  co_return co_await env_.home.open();
}

Task<Result<std::vector<Checkpoint>>> TableRecovery::find_checkpoints() {
  CheckpointRows found;
  if (env_.log.first_sequence() < env_.log.next_sequence()) {
    CO_TRY(co_await env_.log.replay(
        env_.log.first_sequence(),
        [&found](std::uint64_t sequence, ByteView bytes) { return found.take(sequence, bytes); }));
  }
  std::vector<Checkpoint> checkpoints;
  for (const std::string& row : found.rows) {
    CO_TRY_LET(Checkpoint checkpoint, decode_checkpoint(row));
    checkpoints.push_back(std::move(checkpoint));
  }
  co_return checkpoints;
}

// Under another name first: what bears the tables' name is always whole, or was theirs before.
Task<Result<std::unique_ptr<env::Table>>> TableRecovery::open_from(const Checkpoint& checkpoint) {
  env::Disk& disk = env_.home.disk();
  const std::string folder = env_.home.folder();
  const std::string fresh = folder + std::string(fresh_suffix);
  CO_TRY(co_await remove_tree(disk, fresh));
  CO_TRY(co_await disk.make_folder(fresh));
  CO_TRY(co_await restore(checkpoint, fresh));
  CO_TRY(co_await remove_tree(disk, folder));
  CO_TRY(co_await disk.rename(fresh, folder));
  CO_TRY(co_await disk.sync_folder(env::folder_of(folder)));
  CO_TRY_LET(auto table, co_await env_.home.open());
  CO_TRY(co_await check_meets_log(*table));
  co_return table;
}

Task<Result<void>> TableRecovery::restore(const Checkpoint& checkpoint, std::string folder) {
  restored_bytes_ = 0;
  for (const CheckpointFile& file : checkpoint.files) {
    CO_TRY(co_await restore_file(checkpoint, file, folder + "/" + file.name));
    const std::uint64_t told = restored_bytes_ / told_every_bytes;
    restored_bytes_ += file.size;
    if (restored_bytes_ / told_every_bytes > told) {
      log::warning("tables: {} of {} MiB are there again", restored_bytes_ / mib,
                   checkpoint.size_bytes() / mib);
    }
  }
  co_return co_await env_.home.disk().sync_folder(folder);
}

Task<Result<void>> TableRecovery::restore_file(const Checkpoint& checkpoint,
                                               const CheckpointFile& file, std::string path) {
  CO_TRY_LET(const auto made,
             co_await env_.home.disk().open(path, {.write = true, .create = true}));
  std::uint64_t at = 0;
  for (const CheckpointPiece& piece : file.pieces) {
    CO_TRY_LET(const Bytes plain,
               co_await read_piece(checkpoint.segments.at(piece.segment), piece));
    CO_TRY(co_await made->write(at, plain));
    at += plain.size();
  }
  co_return co_await made->sync();
}

Task<Result<Bytes>> TableRecovery::read_piece(const SegmentRow& row, const CheckpointPiece& piece) {
  const SegmentIdentity identity = segment_identity(env_.keys, row);
  const ChunkEntry entry{.id = piece.id,
                         .offset = piece.offset,
                         .stored = stored_bytes_of(piece.size),
                         .plain = piece.size,
                         .codec = Codec::none};
  CO_TRY_LET(const auto key, env_.keys.segment_key(row.key_generation, row.id, row.kind));
  constexpr auto block_bytes = static_cast<std::uint32_t>(slot::block_bytes);
  const std::uint32_t first = entry.offset / block_bytes;
  const std::uint32_t last = (entry.offset + entry.stored - 1) / block_bytes;
  AlignedBuffer blocks((last - first + 1) * slot::block_bytes);
  CO_TRY(co_await env_.slot.read_shard({.segment = row.id, .number = 0}, first, blocks.view()));
  Bytes plain(piece.size);
  auto opened = co_await env_.workers.call([&] {
    codec::Aead aead(key);
    return open_chunk(
        aead, identity, piece.index, entry,
        std::as_const(blocks).view().subspan(entry.offset - first * block_bytes, entry.stored),
        plain);
  });
  CO_TRY(std::move(opened));
  co_return plain;
}

}  // namespace holdfast::vault
