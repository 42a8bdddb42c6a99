#include "catalog/extent_cursor.h"

#include <algorithm>
#include <utility>

namespace holdfast::catalog {

std::uint64_t ExtentRun::size() const {
  std::uint64_t sum = 0;
  for (const vault::Extent& extent : extents) sum += extent.size;
  return sum;
}

ExtentCursor::ExtentCursor(env::Table& table, Body body, std::uint64_t size, std::uint64_t from,
                           std::uint64_t until, const env::Snapshot* snapshot)
    : table_(table),
      body_(std::move(body)),
      size_(size),
      from_(from),
      until_(std::min(until, size)),
      snapshot_(snapshot),
      position_(from) {
  if (body_.kind != Body::Kind::parts) {
    pieces_.push_back({.begin = 0, .end = size_, .body = std::move(body_)});
  }
}

Task<Result<ExtentRun>> ExtentCursor::next(std::size_t count_max) {
  ExtentRun run;
  run.offset = position_;
  while (!is_at_end() && run.extents.size() < count_max) {
    if (pieces_.empty()) {
      CO_TRY(co_await read_parts());
      continue;
    }
    Piece& piece = pieces_.front();
    if (piece.end <= position_) {
      pieces_.pop_front();
      row_offset_.reset();
      continue;
    }
    if (piece.body.kind == Body::Kind::here) {
      row_offset_ = piece.begin;
      CO_TRY(take(run, piece.body.extents));
      if (position_ < std::min(until_, piece.end)) {
        co_return fail(ErrorCode::corrupt, "extents do not make up their object");
      }
      continue;
    }
    if (!row_offset_) {
      CO_TRY(co_await find_row());
    }
    CO_TRY(co_await read_rows(run, count_max));
  }
  co_return run;
}

// The row of parts that has position_, as pieces.
Task<Result<void>> ExtentCursor::read_parts() {
  std::optional<std::pair<std::string, std::string>> row;
  const auto take_first = [&row](std::string_view key, std::string_view value) {
    row.emplace(key, value);
    return env::Visit::stop();
  };
  env::ScanRange range{.family = parts_family,
                       .from = object_parts_key(body_.content, position_, UINT32_MAX),
                       .until = object_parts_begin(body_.content),
                       .backwards = true,
                       .snapshot = snapshot_};
  CO_TRY(co_await table_.scan(std::move(range), take_first));
  if (!row) co_return fail(ErrorCode::corrupt, "the parts of an object are missing");
  std::uint64_t begin = offset_of_parts(row->first);
  CO_TRY_LET(std::vector<PartRow> parts, decode_parts(row->second));
  for (PartRow& part : parts) {
    const std::uint64_t end = begin + part.info.size;
    if (end > position_) pieces_.push_back({begin, end, std::move(part.body)});
    begin = end;
  }
  if (pieces_.empty()) co_return fail(ErrorCode::corrupt, "a part of an object is missing");
  co_return Result<void>();
}

// Finds the row of the first piece that has position_.
Task<Result<void>> ExtentCursor::find_row() {
  const Piece& piece = pieces_.front();
  if (position_ <= piece.begin) {
    row_offset_ = piece.begin;
    co_return Result<void>();
  }
  const Body& body = piece.body;
  const auto take_first = [&](std::string_view key, std::string_view) {
    row_offset_ = piece.begin + number_at(key, 2 * sizeof(std::uint64_t));
    return env::Visit::stop();
  };
  env::ScanRange range{.family = extents_family,
                       .from = extents_key(body.content, body.stream, position_ - piece.begin),
                       .until = extents_key(body.content, body.stream, 0),
                       .backwards = true,
                       .snapshot = snapshot_};
  CO_TRY(co_await table_.scan(std::move(range), take_first));
  if (!row_offset_) co_return fail(ErrorCode::corrupt, "the extents of an object are missing");
  co_return Result<void>();
}

Task<Result<void>> ExtentCursor::read_rows(ExtentRun& run, std::size_t count_max) {
  const Piece& piece = pieces_.front();
  const Body& body = piece.body;
  const std::uint64_t until = std::min(until_, piece.end);
  Result<void> outcome;
  const auto read = [&](std::string_view key, std::string_view value) -> Result<void> {
    if (piece.begin + number_at(key, 2 * sizeof(std::uint64_t)) != *row_offset_) {
      return fail(ErrorCode::corrupt, "extents of an object are missing");
    }
    TRY_LET(const auto extents, decode_extents(value));
    return take(run, extents);
  };
  const auto visit = [&](std::string_view key, std::string_view value) {
    outcome = read(key, value);
    const bool goes_on = outcome && position_ < until && run.extents.size() < count_max;
    return goes_on ? env::Visit::next() : env::Visit::stop();
  };
  env::ScanRange range{.family = extents_family,
                       .from = extents_key(body.content, body.stream, *row_offset_ - piece.begin),
                       .until = extents_end(body.content, body.stream),
                       .backwards = false,
                       .snapshot = snapshot_};
  CO_TRY(co_await table_.scan(std::move(range), visit));
  CO_TRY(outcome);
  if (position_ < until && run.extents.size() < count_max) {
    co_return fail(ErrorCode::corrupt, "an object has fewer extents than its size needs");
  }
  co_return Result<void>();
}

// Takes what is wanted of the extents that begin at row_offset_, and goes on to where they end.
Result<void> ExtentCursor::take(ExtentRun& run, std::span<const vault::Extent> extents) {
  const Piece& piece = pieces_.front();
  for (const vault::Extent& extent : extents) {
    const std::uint64_t begin = *row_offset_;
    const std::uint64_t end = begin + extent.size;
    if (end > piece.end) return fail(ErrorCode::corrupt, "extents reach past their object's end");
    row_offset_ = end;
    if (end <= from_ || begin >= until_) continue;
    if (run.extents.empty()) run.offset = begin;
    run.extents.push_back(extent);
    position_ = end;
  }
  return {};
}

}  // namespace holdfast::catalog
