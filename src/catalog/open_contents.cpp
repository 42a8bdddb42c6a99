#include "catalog/open_contents.h"

#include "catalog/live_batch.h"

#include <utility>

namespace holdfast::catalog {
namespace {

class OpenReader final : public vault::ContentReader {
 public:
  OpenReader(vault::Vault& vault, std::shared_ptr<OpenBody> open, std::uint64_t from,
             std::uint64_t until, std::string label)
      : vault_(vault),
        open_(std::move(open)),
        position_(from),
        until_(until),
        label_(std::move(label)) {}

  Task<Result<std::span<const ByteView>>> read() override {
    while (position_ < until_) {
      if (reader_ == nullptr) {
        CO_TRY(co_await open_run());
      }
      CO_TRY_LET(const auto pieces, co_await reader_->read());
      for (const ByteView piece : pieces) position_ += piece.size();
      if (!pieces.empty()) co_return pieces;
      if (position_ < run_end_) {
        co_return fail(ErrorCode::corrupt, label_ + ": the content ends too early");
      }
      reader_.reset();
    }
    co_return std::span<const ByteView>();
  }

 private:
  Task<Result<void>> open_run() {
    const ExtentRun* run = &open_->run;
    if (position_ >= run->offset + run->size()) {
      auto advanced = co_await open_->advance(vault_.table());
      if (!advanced) co_return std::unexpected(std::move(advanced).error().within(label_));
    }
    run_end_ = std::min(until_, run->offset + run->size());
    reader_ =
        vault_.open_reader(run->extents, position_ - run->offset, run_end_ - position_, label_);
    co_return Result<void>();
  }

  vault::Vault& vault_;
  std::shared_ptr<OpenBody> open_;
  std::uint64_t position_;
  std::uint64_t until_;
  std::uint64_t run_end_ = 0;
  std::string label_;
  std::unique_ptr<vault::ContentReader> reader_;
};

}  // namespace

Task<Result<void>> OpenBody::advance(env::Table& table) {
  ExtentCursor cursor(table, body, size, position, until, snapshot.get());
  CO_TRY_LET(run, co_await cursor.next(open_extents_max));
  position = run.offset + run.size();
  if (position >= until) snapshot.reset();
  co_return Result<void>();
}

Task<Result<std::shared_ptr<OpenBody>>> OpenContents::open(ObjectRow row, std::uint64_t from,
                                                           std::uint64_t until,
                                                           std::unique_ptr<env::Snapshot> snapshot,
                                                           std::uint64_t visits) {
  auto open = std::make_shared<OpenBody>();
  open->snapshot = std::move(snapshot);
  open->body = std::move(row.body);
  open->size = row.info.size;
  open->position = from;
  open->until = until;
  auto advanced = co_await open->advance(vault_.table());
  if (!advanced) co_return std::unexpected(std::move(advanced).error().within(row.info.key));
  if (visits != visits_ever_) co_return nullptr;
  open->number = opened_ever_++;
  open->registry = open_;
  open_->emplace(open->number, open.get());
  co_return open;
}

std::unique_ptr<vault::ContentReader> OpenContents::read(std::shared_ptr<OpenBody> open,
                                                         std::uint64_t from, std::uint64_t until,
                                                         std::string label) {
  return std::make_unique<OpenReader>(vault_, std::move(open), from, until, std::move(label));
}

Task<Result<void>> OpenContents::visit(const vault::LiveChunks::Sink& sink) {
  ++visits_ever_;
  // Who opens from now on reads rows that are younger than what is collected.
  struct Rest {
    std::shared_ptr<const env::Snapshot> snapshot;
    ExtentCursor cursor;
  };
  std::vector<Rest> rests;
  LiveBatch batch(sink);
  for (const auto& [number, listed] : *open_) {
    const auto open = listed->shared_from_this();
    batch.add(open->run.extents);
    if (open->position >= open->until) continue;
    rests.push_back(
        {open->snapshot, ExtentCursor(vault_.table(), open->body, open->size, open->position,
                                      open->until, open->snapshot.get())});
  }
  CO_TRY(co_await batch.hand_over_full());
  for (Rest& rest : rests) {
    while (!rest.cursor.is_at_end()) {
      CO_TRY_LET(const ExtentRun run, co_await rest.cursor.next(open_extents_max));
      batch.add(run.extents);
      CO_TRY(co_await batch.hand_over_full());
    }
  }
  co_return co_await batch.hand_over_rest();
}

}  // namespace holdfast::catalog
