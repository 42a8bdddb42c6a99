// How a LocalVault opens: replay of the log, a new place for chunks that only the log has, an end
// to what earlier sessions left open.
#include "base/check.h"
#include "base/log.h"
#include "vault/families.h"
#include "vault/local_vault.h"
#include "vault/table_recovery.h"

#include <algorithm>
#include <map>

namespace holdfast::vault {
namespace {

// Rows of the chunk index asked for at a time.
constexpr std::size_t lookup_count = 4096;

ChunkEntry entry_of(const ChunkId& id, const Place& place) {
  return {.id = id,
          .offset = place.offset,
          .stored = place.stored,
          .plain = place.plain,
          .codec = place.codec};
}

// Those of one segment that the index finds in the place that the log gave them, each once. Where
// several records hold one, the newest counts: the others may be cut off.
Task<Result<std::vector<const LoggedChunk*>>> only_in_log(env::Table& table,
                                                          const std::vector<LoggedChunk>& chunks) {
  std::map<std::uint32_t, const LoggedChunk*> newest;
  for (const LoggedChunk& chunk : chunks) newest[chunk.place.index] = &chunk;
  std::vector<const LoggedChunk*> found;
  for (auto next = newest.begin(); next != newest.end();) {
    std::vector<const LoggedChunk*> page;
    std::vector<std::string> keys;
    for (; next != newest.end() && page.size() < lookup_count; ++next) {
      page.push_back(next->second);
      keys.emplace_back(as_text(next->second->id.view()));
    }
    CO_TRY_LET(const auto rows, co_await table.get_many(chunks_family, std::move(keys)));
    for (std::size_t i = 0; i < page.size(); ++i) {
      if (rows[i] == encode_place(page[i]->place)) found.push_back(page[i]);
    }
  }
  co_return found;
}

}  // namespace

Task<Result<std::unique_ptr<LocalVault>>> LocalVault::open(Environment environment,
                                                           VaultOptions options) {
  std::unique_ptr<LocalVault> vault(new LocalVault(std::move(environment), options));
  const Instant begun_at = vault->clock_.now();
  if (auto opened = co_await vault->open_tables(); !opened) {
    co_await vault->log_->close();
    co_return std::unexpected(std::move(opened).error());
  }
  auto replayed = co_await replay(*vault->log_, *vault->table_);
  if (!replayed) {
    co_await vault->log_->close();
    co_return std::unexpected(std::move(replayed).error());
  }
  vault->assemble(*replayed);
  const std::uint64_t changes = replayed->changes;
  auto begun = co_await vault->begin_session(*std::move(replayed));
  if (!begun) {
    co_await vault->close();
    co_return std::unexpected(std::move(begun).error());
  }
  vault->is_open_ = true;
  log::debug("vault: replayed {} changes, open after {} ms", changes,
             (vault->clock_.now() - begun_at) / std::chrono::milliseconds(1));
  vault->tasks_.spawn(vault->executor_, vault->keep_log_short());
  vault->tasks_.spawn(vault->executor_, vault->mark_tail());
  co_return vault;
}

Task<Result<void>> LocalVault::open_tables() {
  if (home_ == nullptr) co_return Result<void>();
  check(table_ == nullptr, "a vault opens the tables that it has a home for");
  TableRecovery recovery(
      {.log = *log_, .home = *home_, .slot = slot_, .keys = keys_, .workers = workers_});
  CO_TRY_LET(table_, co_await recovery.open());
  unreadable_ = recovery.passed_over();
  co_return co_await remove_tree(home_->disk(), copy_folder());
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
  replayed_changes_ = replayed.changes;
}

Task<Result<void>> LocalVault::begin_session(Replayed replayed) {
  journal_->start(executor_, journal_tasks_);
  Journal::Entry entry;
  entry.changes.put(meta_family, std::string(format_key), encode_number(format_version));
  entry.changes.put(meta_family, std::string(session_key), encode_number(segments_->session()));
  CO_TRY(co_await journal_->commit(std::move(entry)));
  CO_TRY(co_await segments_->open());
  CO_TRY(co_await load_checkpoints());
  for (auto& [number, chunks] : replayed.logged) {
    CO_TRY(co_await rehome(number, std::move(chunks)));
  }
  co_return co_await close_old_sessions();
}

Task<Result<void>> LocalVault::load_checkpoints() {
  for (const std::string_view key : {checkpoint_before_key, checkpoint_key}) {
    CO_TRY_LET(const auto row, co_await table_->get(meta_family, std::string(key)));
    if (!row) continue;
    CO_TRY_LET(Checkpoint checkpoint, decode_checkpoint(*row));
    checkpoints_.push_back(std::move(checkpoint));
  }
  CO_TRY(co_await bury_unnamed());
  if (checkpoints_.empty() || home_ == nullptr) co_return Result<void>();
  // About so much of the log is in the newest copy.
  const std::uint64_t first = log_->first_sequence();
  const std::uint64_t applied = std::max(checkpoints_.back().applied + 1, first);
  const double share =
      static_cast<double>(applied - first) / static_cast<double>(log_->next_sequence() - first);
  log_bytes_copied_ =
      unreadable_ > 0 ? 0
                      : static_cast<std::uint64_t>(static_cast<double>(log_->size_bytes()) * share);
  co_return Result<void>();
}

// A segment that was open when the owner died takes no more chunks: which of its nonces were used
// in records that were lost is not known. What the log kept of it gets places in segments of this
// session. Nothing is written for that: until such a segment is sealed, or the chunks are written
// to the log again, rows and log go on naming the old places, from which the next start would begin
// anew.
Task<Result<void>> LocalVault::rehome(SegmentNumber number, std::vector<LoggedChunk> chunks) {
  const SegmentRow* row = segments_->find(number);
  // Dead since, and forgotten; or sealed.
  if (row == nullptr || row->state != SegmentRow::State::granted) co_return Result<void>();
  CO_TRY_LET(const codec::SecretKey key,
             keys_.segment_key(row->key_generation, row->id, row->kind));
  const SegmentIdentity identity = segments_->identity_of(*row);
  codec::Aead aead(key);
  CO_TRY_LET(const auto kept, co_await only_in_log(*table_, chunks));
  for (const LoggedChunk* chunk : kept) {
    // As it was compressed, if it was.
    Bytes content(chunk->place.stored - codec::aead_tag_bytes);
    CO_TRY(unseal_chunk(aead, identity, chunk->place.index, entry_of(chunk->id, chunk->place),
                        chunk->sealed, content));
    CO_TRY(co_await place_again(*chunk, content));
  }
  co_return Result<void>();
}

Task<Result<void>> LocalVault::place_again(const LoggedChunk& chunk, ByteView content) {
  const Place& old = chunk.place;
  CO_TRY_LET(const auto segment,
             co_await segments_->with_room(old.stored, SegmentStore::Claim::moved));
  auto fresh = segments_->reserve(segment, chunk.id, old.plain, old.stored, old.codec);
  fresh->replaces = old;
  codec::Aead aead(segment->key);
  seal_chunk(aead, segment->identity, fresh->place.index, segment->entries[fresh->place.index],
             content, segment->bytes_of(fresh->place));
  segments_->filled(*fresh);
  index_->add_pending(fresh);
  if (segment->oldest_logged == 0 || segment->oldest_logged > chunk.record) {
    segment->oldest_logged = chunk.record;
  }
  co_return Result<void>();
}

// Segments whose rows are still needed to open chunks that have not got their new places for good.
std::set<SegmentNumber> LocalVault::segments_being_replaced() const {
  std::set<SegmentNumber> replaced;
  for (const auto& [number, segment] : segments_->open_segments()) {
    for (const auto& chunk : segment->pending) {
      if (chunk && chunk->replaces) replaced.insert(chunk->replaces->segment);
    }
  }
  return replaced;
}

// Segments granted to a session that is over and never sealed: nothing can be in them, but their
// shards may have been written.
Task<Result<void>> LocalVault::close_old_sessions() {
  const auto needed = segments_being_replaced();
  std::vector<SegmentNumber> over;
  for (const auto& [number, row] : segments_->rows()) {
    if (row.state != SegmentRow::State::granted || row.session == segments_->session()) continue;
    if (!needed.contains(number)) over.push_back(number);
  }
  co_return co_await remove_segments(std::move(over));
}

}  // namespace holdfast::vault
