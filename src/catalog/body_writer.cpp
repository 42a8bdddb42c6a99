#include "catalog/body_writer.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace holdfast::catalog {

Task<Result<void>> BodyWriter::add(vault::Content content) {
  const auto extents = std::exchange(content.extents, {});
  size_ += content.size;
  if (extents.empty()) co_return Result<void>();
  extents_.insert(extents_.end(), extents.begin(), extents.end());
  contents_.push_back(std::move(content));
  if (extents_.size() <= extents_per_record_max) co_return Result<void>();

  while (!extents_.empty()) {
    if (content_ == 0) {
      CO_TRY(co_await draw_numbers());
    }
    vault::Record record;
    if (!is_ahead_) record.put(settings_family, writing_key(content_, stream_), {});
    put_rows(record, std::min(extents_.size(), extents_per_record_max));
    // The outcome of a commit that fails may be unknown.
    is_ahead_ = true;
    CO_TRY(co_await vault_.commit(std::move(record)));
  }
  contents_.clear();
  co_return Result<void>();
}

Task<Result<Body>> BodyWriter::finish(vault::Record& record) {
  if (!is_ahead_ && extents_.size() <= inline_extents_max) {
    for (const vault::Content& content : contents_) record.attach(content);
    co_return Body{
        .kind = Body::Kind::here, .extents = std::move(extents_), .content = 0, .stream = 0};
  }
  if (content_ == 0) {
    CO_TRY(co_await draw_numbers());
  }
  if (is_ahead_) record.remove(settings_family, writing_key(content_, stream_));
  put_rows(record, extents_.size());
  co_return Body{.kind = Body::Kind::stream, .extents = {}, .content = content_, .stream = stream_};
}

Task<void> BodyWriter::abandon() {
  if (!is_ahead_) co_return;
  vault::Record record;
  record.remove_range(extents_family, extents_key(content_, stream_, 0),
                      extents_end(content_, stream_));
  record.remove(settings_family, writing_key(content_, stream_));
  const auto removed = co_await vault_.commit(std::move(record));
  if (!removed) {
    log::warning("rows of an unfinished object stay until the next start: {}",
                 removed.error().context());
  }
}

Task<Result<void>> BodyWriter::draw_numbers() {
  CO_TRY_LET(const std::uint64_t number, co_await numbers_.next());
  content_ = upload_.value_or(number);
  stream_ = upload_ ? number : 0;
  co_return Result<void>();
}

void BodyWriter::put_rows(vault::Record& record, std::size_t count) {
  if (count == 0) return;
  for (const vault::Content& content : contents_) record.attach(content);
  const std::span<const vault::Extent> extents = std::span(extents_).first(count);
  for (std::size_t begin = 0; begin < count; begin += extents_per_row_max) {
    const auto row = extents.subspan(begin, std::min(extents_per_row_max, count - begin));
    record.put(extents_family, extents_key(content_, stream_, offset_), encode_extents(row));
    for (const vault::Extent& extent : row) offset_ += extent.size;
  }
  extents_.erase(extents_.begin(), extents_.begin() + static_cast<std::ptrdiff_t>(count));
}

Task<Result<void>> BodyWriter::clean_up(vault::Vault& vault) {
  constexpr std::size_t numbers_bytes = 2 * sizeof(std::uint64_t);
  const std::string prefix = "writing/";
  vault::Record record;
  Result<void> outcome;
  const auto visit = [&](std::string_view key, std::string_view) {
    if (key.size() != prefix.size() + numbers_bytes) {
      outcome = fail(ErrorCode::corrupt, "the key of a body being written");
      return env::Visit::stop();
    }
    const ContentId content = number_at(key, prefix.size());
    const StreamId stream = number_at(key, prefix.size() + sizeof content);
    record.remove_range(extents_family, extents_key(content, stream, 0),
                        extents_end(content, stream));
    record.remove(settings_family, std::string(key));
    return env::Visit::next();
  };
  CO_TRY(co_await vault.table().scan({.family = settings_family,
                                      .from = prefix,
                                      .until = after_all_of(prefix),
                                      .backwards = false,
                                      .snapshot = nullptr},
                                     visit));
  CO_TRY(outcome);
  if (!record.is_empty()) {
    CO_TRY(co_await vault.commit(std::move(record)));
  }
  co_return Result<void>();
}

void remove_body(vault::Record& record, const Body& body) {
  const std::string content = extents_key(body.content, 0, 0);
  switch (body.kind) {
    case Body::Kind::here:
      return;
    case Body::Kind::stream:
      // Streams other than 0 share their content with other parts.
      record.remove_range(extents_family, extents_key(body.content, body.stream, 0),
                          extents_end(body.content, body.stream));
      return;
    case Body::Kind::parts:
      record.remove_range(extents_family, content, content_end(body.content));
      record.remove_range(parts_family, number_key(body.content), content_end(body.content));
      return;
  }
}

}  // namespace holdfast::catalog
