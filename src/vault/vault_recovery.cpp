// How a LocalVault opens: replay of the log, a new place for chunks that only the log has, an end
// to what earlier sessions left open.
#include "codec/compress.h"
#include "vault/families.h"
#include "vault/local_vault.h"

#include <algorithm>

namespace holdfast::vault {
namespace {

// Bytes of chunks in one record while they are given new places.
constexpr std::size_t rehome_record_bytes = 4 * mib;

}  // namespace

Task<Result<std::unique_ptr<LocalVault>>> LocalVault::open(Environment environment,
                                                           VaultOptions options) {
  std::unique_ptr<LocalVault> vault(new LocalVault(std::move(environment), options));
  auto replayed = co_await replay(*vault->log_, *vault->table_);
  if (!replayed) {
    co_await vault->log_->close();
    co_return std::unexpected(std::move(replayed).error());
  }
  vault->assemble(*replayed);
  auto begun = co_await vault->begin_session(*std::move(replayed));
  if (!begun) {
    co_await vault->close();
    co_return std::unexpected(std::move(begun).error());
  }
  vault->tasks_.spawn(vault->executor_, vault->keep_log_short());
  co_return vault;
}

void LocalVault::assemble(const Replayed& replayed) {
  journal_.emplace(*log_, *table_, replayed.applied);
  index_.emplace(*table_);
  segments_.emplace(SegmentStore::Environment{.slot = slot_,
                                              .journal = *journal_,
                                              .index = *index_,
                                              .table = *table_,
                                              .keys = keys_,
                                              .clock = clock_,
                                              .random = random_,
                                              .workers = workers_,
                                              .executor = executor_,
                                              .tasks = tasks_},
                    replayed.session + 1);
  fetcher_.emplace(ChunkFetcher::Environment{.slot = slot_,
                                             .segments = *segments_,
                                             .index = *index_,
                                             .keys = keys_,
                                             .workers = workers_,
                                             .executor = executor_,
                                             .tasks = tasks_},
                   options_.cache_bytes);
  checkpoint_before_ = replayed.applied;
}

Task<Result<void>> LocalVault::begin_session(Replayed replayed) {
  journal_->start(executor_, journal_tasks_);
  Journal::Entry entry;
  entry.changes.put(meta_family, std::string(format_key), encode_number(format_version));
  entry.changes.put(meta_family, std::string(session_key), encode_number(segments_->session()));
  CO_TRY(co_await journal_->commit(std::move(entry)));
  CO_TRY(co_await segments_->open());
  for (auto& [number, chunks] : replayed.logged) {
    CO_TRY(co_await rehome(number, std::move(chunks)));
  }
  co_return co_await close_old_sessions();
}

// A segment that was open when the owner died takes no more chunks: which of its nonces were used
// in records that were lost is not known. What the log kept of it moves to a segment of this
// session.
Task<Result<void>> LocalVault::rehome(SegmentNumber number, std::vector<LoggedChunk> chunks) {
  const SegmentRow* row = segments_->find(number);
  if (row == nullptr) co_return Result<void>();  // Dead since, and forgotten.
  CO_TRY_LET(const codec::SecretKey key,
             keys_.segment_key(row->key_generation, row->id, row->kind));
  const SegmentIdentity old = segments_->identity_of(*row);
  codec::Aead old_key(key);

  Journal::Entry entry;
  std::vector<std::shared_ptr<PendingChunk>> moved;
  std::size_t size = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const LoggedChunk& chunk = chunks[i];
    // A record may hold a chunk again that an earlier one held.
    if (index_->find_pending(chunk.id)) continue;
    CO_TRY_LET(const auto row_now,
               co_await table_->get(chunks_family, std::string(as_text(chunk.id.view()))));
    if (!row_now || *row_now != encode_place(chunk.place)) continue;

    Bytes plain(chunk.place.plain);
    CO_TRY(open_chunk(old_key, old, chunk.place.index,
                      {.id = chunk.id,
                       .offset = chunk.place.offset,
                       .stored = chunk.place.stored,
                       .plain = chunk.place.plain,
                       .codec = chunk.place.codec},
                      chunk.sealed, plain));
    CO_TRY_LET(auto fresh, co_await place_again(chunk.id, chunk.place, plain));
    entry.frames.push_back(
        {.id = chunk.id, .place = fresh->place, .sealed = fresh->segment->bytes_of(fresh->place)});
    moved.push_back(std::move(fresh));
    size += chunk.place.stored;
    if (size >= rehome_record_bytes) {
      CO_TRY(co_await commit_moved(std::exchange(entry, {}), std::exchange(moved, {})));
      size = 0;
    }
  }
  co_return co_await commit_moved(std::move(entry), std::move(moved));
}

Task<Result<std::shared_ptr<PendingChunk>>> LocalVault::place_again(const ChunkId& id,
                                                                    const Place& old_place,
                                                                    ByteView plain) {
  Bytes compressed(codec::Compressor::room(plain.size()));
  const auto compressed_size = codec::Compressor().compress(plain, compressed);
  const ByteView content = compressed_size ? ByteView(compressed).first(*compressed_size) : plain;
  const auto stored = stored_bytes_of(content.size());
  CO_TRY_LET(const auto segment, co_await segments_->with_room(stored));
  auto chunk = segments_->reserve(segment, id, static_cast<std::uint32_t>(plain.size()), stored,
                                  compressed_size ? Codec::zstd : Codec::none);
  chunk->replaces = old_place;
  codec::Aead key(segment->key);
  seal_chunk(key, segment->identity, chunk->place.index, segment->entries[chunk->place.index],
             content, segment->bytes_of(chunk->place));
  segments_->filled(*chunk);
  index_->add_pending(chunk);
  co_return chunk;
}

Task<Result<void>> LocalVault::commit_moved(Journal::Entry entry,
                                            std::vector<std::shared_ptr<PendingChunk>> moved) {
  if (moved.empty() && entry.changes.changes.empty()) co_return Result<void>();
  for (const auto& chunk : moved) {
    if (chunk->state != PendingChunk::State::buffered) continue;
    segments_->register_chunk(*chunk, entry.changes);
    if (chunk->segment->oldest_logged == 0) {
      chunk->segment->oldest_logged = journal_->next_sequence();
    }
  }
  entry.on_applied = [this, moved = std::move(moved)] {
    for (const auto& chunk : moved) {
      if (chunk->segment) segments_->settle(*chunk);
    }
  };
  CO_TRY(co_await journal_->commit(std::move(entry)));
  co_return Result<void>();
}

// Segments granted to a session that is over and never sealed: nothing can be in them, but their
// shards may have been written.
Task<Result<void>> LocalVault::close_old_sessions() {
  std::vector<SegmentNumber> over;
  for (const auto& [number, row] : segments_->rows()) {
    if (row.state != SegmentRow::State::granted || row.session == segments_->session()) continue;
    over.push_back(number);
  }
  co_return co_await remove_segments(std::move(over));
}

}  // namespace holdfast::vault
