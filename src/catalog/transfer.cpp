// Reading and copying bodies: the part of Objects that works with extents.
#include "catalog/objects.h"

#include "catalog/names.h"

#include <fmt/format.h>

#include <utility>

namespace holdfast::catalog {

Task<Result<Objects::Opened>> Objects::open(BucketId bucket, const std::string& key,
                                            const RangeChooser& chooser) {
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const std::uint64_t visits = state_.opens.visits_ever();
    auto snapshot = state_.table().snapshot();
    CO_TRY_LET(ObjectRow row, co_await read(bucket, key, snapshot.get()));
    Opened opened{.info = row.info, .range = {.offset = 0, .size = row.info.size}, .body = {}};
    if (chooser) {
      auto range = chooser(row.info);
      if (!range) co_return state_.refuse(std::move(range).error());
      opened.range = *range;
    }
    const auto [offset, size] = opened.range;
    if (offset > row.info.size || size > row.info.size - offset) {
      co_return state_.refuse(ErrorCode::invalid, fmt::format("{} bytes from {} of an object of {}",
                                                              size, offset, row.info.size));
    }
    CO_TRY_LET(opened.body, co_await state_.opens.open(std::move(row), offset, offset + size,
                                                       std::move(snapshot), visits));
    if (opened.body != nullptr) co_return opened;
  }
  co_return fail(ErrorCode::unavailable, fmt::format("{}: collections keep overtaking", key));
}

Task<Result<void>> Objects::transfer(const Opened& from, BucketId bucket, BodyWriter& into) {
  const std::uint64_t begin = from.range.offset;
  const std::uint64_t end = begin + from.range.size;
  for (std::uint64_t position = begin; position < end;) {
    if (position >= from.body->run.offset + from.body->run.size()) {
      CO_TRY(co_await from.body->advance(state_.table()));
    }
    std::uint64_t extent_begin = from.body->run.offset;
    std::vector<vault::Extent> whole;
    std::optional<vault::Content> tail;
    for (const vault::Extent& extent : from.body->run.extents) {
      const std::uint64_t extent_end = extent_begin + extent.size;
      if (extent_begin >= begin && extent_end <= end) {
        whole.push_back(extent);
      } else {
        const std::uint64_t cut_begin = std::max(begin, extent_begin) - extent_begin;
        const std::uint64_t cut_end = std::min(end, extent_end) - extent_begin;
        CO_TRY_LET(auto cut, co_await copy_bytes(extent, cut_begin, cut_end, bucket));
        if (extent_begin < begin) {
          CO_TRY(co_await into.add(std::move(cut)));
        } else {
          tail = std::move(cut);
        }
      }
      extent_begin = extent_end;
    }
    position = std::min(extent_begin, end);
    if (!whole.empty()) {
      auto content = co_await state_.vault.reuse(std::move(whole));
      if (!content && content.error().code() == ErrorCode::not_found) {
        co_return fail(ErrorCode::conflict, "a chunk was collected while it was copied");
      }
      CO_TRY(content);
      CO_TRY(co_await into.add(*std::move(content)));
    }
    if (tail) {
      CO_TRY(co_await into.add(*std::move(tail)));
    }
  }
  co_return Result<void>();
}

// What lies between two borders of an extent, as a content of its own.
Task<Result<vault::Content>> Objects::copy_bytes(const vault::Extent& extent, std::uint64_t from,
                                                 std::uint64_t until, BucketId bucket) {
  CO_TRY_LET(const UserId owner, co_await buckets_.find_owner(bucket));
  CO_TRY_LET(const auto writer, co_await state_.vault.open_writer(owner));
  const auto reader = state_.vault.open_reader({extent}, from, until - from, "a part to copy");
  for (;;) {
    CO_TRY_LET(const auto pieces, co_await reader->read());
    if (pieces.empty()) break;
    for (const ByteView piece : pieces) {
      CO_TRY(co_await writer->write(piece));
    }
  }
  co_return co_await writer->finish();
}

Task<Result<ObjectInfo>> Objects::copy(Catalog::Source source, BucketId bucket, std::string key,
                                       std::optional<Attributes> attributes, Condition condition) {
  CO_TRY(check_key(key));
  if (attributes) {
    CO_TRY(check_fields(attributes->fields, attribute_bytes_max));
  }
  bool is_refused = false;
  const auto watched = [&is_refused](Condition judge) -> Condition {
    if (!judge) return {};
    return [&is_refused, judge = std::move(judge)](const ObjectInfo* existing) {
      auto judged = judge(existing);
      is_refused = !judged;
      return judged;
    };
  };
  source.condition = watched(std::move(source.condition));
  condition = watched(std::move(condition));
  for (int attempt = 1;; ++attempt) {
    auto copied = co_await copy_once(source, bucket, key, attributes, condition);
    if (copied || is_refused || attempt == attempts_max ||
        copied.error().code() != ErrorCode::conflict) {
      co_return copied;
    }
  }
}

Task<Result<ObjectInfo>> Objects::copy_once(const Catalog::Source& source, BucketId bucket,
                                            const std::string& key,
                                            const std::optional<Attributes>& attributes,
                                            const Condition& condition) {
  const auto judge = [&source](const ObjectInfo& info) -> Result<ByteRange> {
    if (source.condition) {
      TRY(source.condition(&info));
    }
    return ByteRange{.offset = 0, .size = info.size};
  };
  CO_TRY_LET(Opened opened, co_await open(source.bucket, source.key, judge));
  ObjectRow row;
  row.info.size = opened.info.size;
  row.info.etag = attributes ? attributes->etag : opened.info.etag;
  row.info.modified = attributes ? attributes->modified : state_.clock.wall_now();
  row.info.fields = attributes ? attributes->fields : opened.info.fields;

  BodyWriter writer(state_.vault, state_.numbers);
  const auto written = co_await transfer(opened, bucket, writer);
  if (!written) {
    co_await writer.abandon();
    co_return std::unexpected(written.error());
  }
  co_return co_await publish(bucket, key, std::move(row), writer, condition);
}

}  // namespace holdfast::catalog
