#include "vault/checkpoint_writer.h"

#include "base/check.h"
#include "codec/blake3.h"
#include "vault/families.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace holdfast::vault {
namespace {

constexpr std::uint64_t checkpoint_domain = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t head_bytes = 64;
constexpr std::size_t piece_room_min = 64 * kib;  // A segment with less is full.
constexpr std::uint32_t read_back_blocks = 4 * mib / slot::block_bytes;

Task<Result<Bytes>> read_part(env::File& file, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  CO_TRY_LET(const std::size_t count, co_await file.read(offset, bytes));
  if (count != size) co_return fail(ErrorCode::corrupt, "a file of the tables is cut short");
  co_return bytes;
}

}  // namespace

codec::SecretKey checkpoint_id_key(const KeyRing& keys) {
  return keys.chunk_id_key(checkpoint_domain);
}

Task<Result<Checkpoint>> CheckpointWriter::write(std::string folder,
                                                 std::vector<env::TableFile> files,
                                                 const Checkpoint* before, std::uint64_t applied) {
  checkpoint_.applied = applied;
  auto written = co_await write_files(std::move(folder), std::move(files), before);
  if (!written) {
    if (segment_) env_.segments.abandon(segment_);
    co_return std::unexpected(std::move(written).error());
  }
  co_return std::move(checkpoint_);
}

Task<Result<void>> CheckpointWriter::write_files(std::string folder,
                                                 std::vector<env::TableFile> files,
                                                 const Checkpoint* before) {
  CO_TRY_LET(const Known known, co_await find_known(folder, files, before));
  for (const env::TableFile& file : files) {
    if (const auto found = known.find(file.name); found != known.end()) {
      for (const CheckpointPiece& piece : found->second->pieces) {
        checkpoint_.segments.emplace(piece.segment, before->segments.at(piece.segment));
      }
      checkpoint_.files.push_back(*found->second);
    } else {
      CO_TRY_LET(CheckpointFile fresh, co_await append_file(folder + "/" + file.name, file));
      checkpoint_.files.push_back(std::move(fresh));
    }
  }
  if (segment_) {
    CO_TRY(co_await finish_segment());
  }
  co_return Result<void>();
}

// The files that `before` has already. A segment of which less than half would still be used is
// left behind: what is in it goes up again, and its room comes back.
Task<Result<CheckpointWriter::Known>> CheckpointWriter::find_known(
    std::string folder, std::vector<env::TableFile> files, const Checkpoint* before) {
  Known known;
  if (before == nullptr) co_return known;
  std::map<std::string, const CheckpointFile*> by_name;
  for (const CheckpointFile& file : before->files) by_name[file.name] = &file;
  std::map<SegmentNumber, std::uint64_t> used;
  for (const env::TableFile& file : files) {
    const auto found = by_name.find(file.name);
    if (found == by_name.end() || found->second->size != file.size) continue;
    CO_TRY_LET(const auto opened, co_await env_.disk.open(folder + "/" + file.name, {}));
    CO_TRY_LET(const Bytes head, co_await read_part(*opened, 0, std::min(file.size, head_bytes)));
    if (codec::chunk_id(id_key_, head) != found->second->head) continue;
    known.insert(*found);
    for (const CheckpointPiece& piece : found->second->pieces) used[piece.segment] += piece.size;
  }
  std::erase_if(known, [&](const auto& each) {
    return std::ranges::any_of(each.second->pieces, [&](const CheckpointPiece& piece) {
      return used[piece.segment] * 2 < before->segments.at(piece.segment).size;
    });
  });
  co_return known;
}

Task<Result<CheckpointFile>> CheckpointWriter::append_file(std::string path, env::TableFile file) {
  CheckpointFile made{.name = file.name, .size = file.size, .head = {}, .pieces = {}};
  CO_TRY_LET(const auto opened, co_await env_.disk.open(path, {}));
  CO_TRY_LET(const Bytes head, co_await read_part(*opened, 0, std::min(file.size, head_bytes)));
  made.head = codec::chunk_id(id_key_, head);
  for (std::uint64_t done = 0; done < file.size; done += made.pieces.back().size) {
    CO_TRY_LET(const CheckpointPiece piece, co_await append_piece(*opened, done, file.size - done));
    made.pieces.push_back(piece);
  }
  co_return made;
}

Task<Result<CheckpointPiece>> CheckpointWriter::append_piece(env::File& file, std::uint64_t offset,
                                                             std::uint64_t left) {
  if (env_.is_ending) co_return fail(ErrorCode::unavailable, "the vault is closing");
  CO_TRY(co_await make_room());
  OpenSegment& segment = *segment_;
  const std::size_t room = segment.buffer.size() - segment.chunks_end -
                           segment_tail_bytes(segment.entries.size() + 1) - codec::aead_tag_bytes;
  const auto size =
      static_cast<std::uint32_t>(std::min<std::uint64_t>({left, room, chunk_plain_bytes_max}));
  piece_.resize(size);
  CO_TRY_LET(const std::size_t count, co_await file.read(offset, piece_));
  if (count != size) co_return fail(ErrorCode::corrupt, "a file of the tables is cut short");

  const ChunkId id =
      co_await env_.workers.call([this] { return codec::chunk_id(id_key_, ByteView(piece_)); });
  const auto chunk = env_.segments.reserve(segment_, id, size, stored_bytes_of(size), Codec::none);
  // No row of the chunk index will name it.
  segment.pending[chunk->place.index] = nullptr;
  const Place place = chunk->place;
  co_await env_.workers.run([this, &segment, place] {
    codec::Aead key(segment.key);
    seal_chunk(key, segment.identity, place.index, segment.entries[place.index], piece_,
               segment.bytes_of(place));
  });
  env_.segments.filled(*chunk);
  co_return CheckpointPiece{.id = id,
                            .segment = segment.number,
                            .index = place.index,
                            .offset = place.offset,
                            .size = size};
}

Task<Result<void>> CheckpointWriter::make_room() {
  if (segment_ && !segment_->has_room(piece_room_min)) {
    CO_TRY(co_await finish_segment());
  }
  if (!segment_) {
    CO_TRY_LET(segment_, co_await env_.segments.open_private(SegmentKind::checkpoint));
  }
  co_return Result<void>();
}

Task<Result<void>> CheckpointWriter::finish_segment() {
  segment_->is_closed = true;
  const SegmentNumber number = segment_->number;
  SegmentRow row = *env_.segments.find(number);
  CO_TRY(co_await env_.segments.write_shards(*segment_, row));
  CO_TRY(co_await read_back(row.size));

  Journal::Entry entry;
  env_.segments.note_sealed(number, row, entry.changes);
  entry.on_applied = [&segments = env_.segments, number, row] { segments.set_row(number, row); };
  CO_TRY(co_await env_.journal.commit(std::move(entry)));
  checkpoint_.segments[number] = std::move(row);
  env_.segments.release(std::exchange(segment_, nullptr));
  co_return Result<void>();
}

// Tables may have to be made of it when nothing else is left: so it is looked at, as it came to lie
// on the disk, while what should be there is still in memory.
Task<Result<void>> CheckpointWriter::read_back(std::uint32_t size) {
  const auto block_count = static_cast<std::uint32_t>(size / slot::block_bytes);
  const slot::ShardName shard{.segment = segment_->identity.segment, .number = 0};
  for (std::uint32_t first = 0; first < block_count; first += read_back_blocks) {
    const std::uint32_t count = std::min(read_back_blocks, block_count - first);
    CO_TRY_LET(const AlignedBuffer found,
               co_await env_.slot.read_shard_verified(shard, first, count));
    const auto wanted = std::as_const(segment_->buffer)
                            .view()
                            .subspan(first * slot::block_bytes, count * slot::block_bytes);
    if (std::memcmp(found.data(), wanted.data(), wanted.size()) != 0) {
      co_return fail(ErrorCode::corrupt, "a checkpoint does not read back as it was written");
    }
  }
  co_return Result<void>();
}

}  // namespace holdfast::vault
