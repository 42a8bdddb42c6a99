// Objects: their bytes, as bodies, and what is known of them, as headers or lists.
#include "node/api.h"
#include "node/etag.h"
#include "node/object_headers.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::node {
namespace {

constexpr std::size_t page_count_max = 1000;
constexpr std::size_t piece_bytes_max = 256 * kib;
// Hashing less than this takes no longer than handing it to another thread.
constexpr std::size_t worker_bytes_min = 64 * kib;

// "hf://bucket/key", for messages.
std::string label_of(std::string_view bucket, std::string_view key) {
  return fmt::format("hf://{}/{}", bucket, key);
}

Error no_object(std::string_view bucket, std::string_view key) {
  return {ErrorCode::not_found, fmt::format("There is no {}.", label_of(bucket, key))};
}

Task<Result<catalog::Bucket>> find_bucket(Services& services, std::string name) {
  auto bucket = co_await services.catalog.find_bucket(name);
  if (!bucket && bucket.error().code() == ErrorCode::not_found) {
    co_return fail(
        ErrorCode::not_found,
        fmt::format("There is no bucket {0}. To make it: holdfast bucket create {0}", name));
  }
  co_return bucket;
}

ObjectReport report(const catalog::ObjectInfo& object, bool with_fields) {
  return {.key = object.key,
          .size = object.size,
          .etag = object.etag,
          .modified = object.modified,
          .fields = with_fields ? object.fields : Fields()};
}

// What a body being received becomes, and its hash.
class Intake {
 public:
  Intake(env::Workers& workers, std::unique_ptr<vault::ContentWriter> writer)
      : workers_(workers), writer_(std::move(writer)) {}

  Task<Result<void>> take_all(net::Exchange& exchange) {
    const std::uint64_t expected = exchange.request().content_length.value_or(piece_bytes_max);
    Bytes piece(std::clamp<std::uint64_t>(expected, 1, piece_bytes_max));
    for (;;) {
      CO_TRY_LET(const std::size_t count, co_await fill(exchange, piece));
      if (count == 0) co_return Result<void>();
      const ByteView bytes = ByteView(piece).first(count);
      if (count < worker_bytes_min) {
        hash_.update(bytes);
      } else {
        co_await workers_.run([this, bytes] { hash_.update(bytes); });
      }
      CO_TRY(co_await writer_->write(bytes));
    }
  }

  Task<Result<vault::Content>> finish() { return writer_->finish(); }
  std::string etag() const { return blake3_etag(hash_.finish()); }

 private:
  // Reads until `piece` is full or the body ends.
  static Task<Result<std::size_t>> fill(net::Exchange& exchange, MutableByteView piece) {
    std::size_t count = 0;
    while (count < piece.size()) {
      CO_TRY_LET(const std::size_t more, co_await exchange.read(piece.subspan(count)));
      if (more == 0) break;
      count += more;
    }
    co_return count;
  }

  env::Workers& workers_;
  std::unique_ptr<vault::ContentWriter> writer_;
  codec::Blake3 hash_;
};

Task<Result<void>> send_body(net::Exchange& exchange, vault::ContentReader& body) {
  for (;;) {
    CO_TRY_LET(const auto pieces, co_await body.read());
    if (pieces.empty()) co_return Result<void>();
    CO_TRY(co_await exchange.write(pieces));
  }
}

net::ResponseHead head_of(const catalog::ObjectInfo& object) {
  net::ResponseHead head{.status = 200, .headers = {}, .content_length = object.size};
  write_object(head.headers, object);
  return head;
}

// Answers with the object's head where the caller has that version already.
Task<Result<bool>> answer_unchanged(Call& call, const catalog::ObjectInfo& object) {
  const std::string known = call.header("if-none-match");
  if (known.empty() || !names_etag(known, object.etag)) co_return false;
  net::ResponseHead head = head_of(object);
  head.status = 304;
  CO_TRY(co_await call.exchange().respond(std::move(head), {}));
  co_return true;
}

// Both ends of a copy or rename.
struct Ends {
  Passage passage;
  catalog::Bucket from;
  catalog::Bucket to;
};

Task<Result<Ends>> read_passage(Call& call, Services& services) {
  Ends ends;
  CO_TRY_LET(ends.passage, co_await call.read<Passage>());
  CO_TRY(judge_key(ends.passage.from_key));
  CO_TRY(judge_key(ends.passage.to_key));
  CO_TRY_LET(ends.from, co_await find_bucket(services, ends.passage.from_bucket));
  CO_TRY_LET(ends.to, co_await find_bucket(services, ends.passage.to_bucket));
  co_return ends;
}

}  // namespace

Task<Result<void>> list_objects(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const std::size_t limit, call.query_number("limit", page_count_max, page_count_max));
  CO_TRY_LET(const catalog::Bucket bucket, co_await find_bucket(*services, call.name()));
  CO_TRY_LET(const catalog::ListPage found,
             co_await services->catalog.list({.bucket = bucket.id,
                                              .prefix = call.query("prefix"),
                                              .delimiter = call.query("delimiter"),
                                              .after = call.query("after"),
                                              .after_is_prefix = call.is_asked("after_is_prefix"),
                                              .count_max = limit}));
  ObjectPage page{.objects = {},
                  .prefixes = found.prefixes,
                  .is_truncated = found.is_truncated,
                  .next = found.next,
                  .next_is_prefix = found.next_is_prefix};
  const bool with_fields = call.is_asked("fields");
  page.objects.reserve(found.objects.size());
  for (const catalog::ObjectInfo& object : found.objects) {
    page.objects.push_back(report(object, with_fields));
  }
  co_return co_await call.answer(page);
}

Task<Result<void>> get_object(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const catalog::Bucket bucket, co_await find_bucket(*services, call.name()));
  const auto wish = parse_range(call.header("range"));
  catalog::ByteRange range;
  const auto choose = [&wish,
                       &range](const catalog::ObjectInfo& object) -> Result<catalog::ByteRange> {
    range = {0, object.size};
    if (wish) {
      TRY_LET(range, place_range(*wish, object.size));
    }
    return range;
  };
  auto opened = co_await services->catalog.get(bucket.id, *call.rest(), choose);
  if (!opened) {
    if (opened.error().code() == ErrorCode::not_found) {
      co_return std::unexpected(no_object(call.name(), *call.rest()));
    }
    if (wish && opened.error().code() == ErrorCode::invalid) {
      co_return co_await call.refuse(416, {ErrorCode::invalid, opened.error().context()});
    }
    co_return std::unexpected(std::move(opened).error());
  }
  CO_TRY_LET(const bool is_unchanged, co_await answer_unchanged(call, opened->info));
  if (is_unchanged) co_return Result<void>();
  net::ResponseHead head = head_of(opened->info);
  head.content_length = range.size;
  if (wish) {
    head.status = 206;
    head.headers.add("content-range",
                     fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.size - 1,
                                 opened->info.size));
  }
  CO_TRY(co_await call.exchange().start(std::move(head)));
  co_return co_await send_body(call.exchange(), *opened->body);
}

Task<Result<void>> head_object(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const catalog::Bucket bucket, co_await find_bucket(*services, call.name()));
  auto object = co_await services->catalog.head(bucket.id, *call.rest());
  if (!object && object.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_object(call.name(), *call.rest()));
  }
  CO_TRY_LET(const catalog::ObjectInfo found, std::move(object));
  CO_TRY_LET(const bool is_unchanged, co_await answer_unchanged(call, found));
  if (is_unchanged) co_return Result<void>();
  co_return co_await call.exchange().start(head_of(found));
}

Task<Result<void>> put_object(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY(judge_key(*call.rest()));
  const net::Headers& headers = call.exchange().request().headers;
  CO_TRY_LET(catalog::Fields fields, read_fields(headers));
  if (call.exchange().request().content_length.value_or(0) > catalog::object_bytes_max) {
    co_return fail(ErrorCode::invalid, "An object has at most 5 TiB.");
  }
  CO_TRY_LET(const catalog::Bucket bucket, co_await find_bucket(*services, call.name()));
  CO_TRY_LET(auto writer, co_await services->vault.open_writer(bucket.owner));
  Intake intake(means.workers, std::move(writer));
  CO_TRY(co_await intake.take_all(call.exchange()));
  CO_TRY_LET(vault::Content content, co_await intake.finish());
  catalog::Attributes attributes{
      .etag = intake.etag(), .modified = means.clock.wall_now(), .fields = std::move(fields)};
  CO_TRY_LET(const catalog::ObjectInfo stored,
             co_await services->catalog.put(
                 bucket.id, *call.rest(), std::move(content), std::move(attributes),
                 condition_of(headers, label_of(call.name(), *call.rest()))));
  co_return co_await call.answer(report(stored, false));
}

Task<Result<void>> remove_object(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const catalog::Bucket bucket, co_await find_bucket(*services, call.name()));
  const net::Headers& headers = call.exchange().request().headers;
  CO_TRY_LET(const auto removed, co_await services->catalog.remove(
                                     bucket.id, *call.rest(),
                                     condition_of(headers, label_of(call.name(), *call.rest()))));
  if (!removed) co_return std::unexpected(no_object(call.name(), *call.rest()));
  co_return co_await call.answer();
}

Task<Result<void>> copy_object(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const Ends ends, co_await read_passage(call, *services));
  auto copied = co_await services->catalog.copy(
      {.bucket = ends.from.id, .key = ends.passage.from_key, .condition = {}}, ends.to.id,
      ends.passage.to_key, std::nullopt, {});
  if (!copied && copied.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_object(ends.passage.from_bucket, ends.passage.from_key));
  }
  CO_TRY_LET(const catalog::ObjectInfo object, std::move(copied));
  co_return co_await call.answer(report(object, false));
}

Task<Result<void>> rename_object(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const Ends ends, co_await read_passage(call, *services));
  if (ends.from.id != ends.to.id) {
    co_return fail(ErrorCode::unsupported,
                   "An object is renamed within its bucket; elsewhere it is copied and removed.");
  }
  auto renamed =
      co_await services->catalog.rename(ends.from.id, ends.passage.from_key, ends.passage.to_key);
  if (!renamed && renamed.error().code() == ErrorCode::not_found) {
    co_return std::unexpected(no_object(ends.passage.from_bucket, ends.passage.from_key));
  }
  CO_TRY(std::move(renamed));
  co_return co_await call.answer();
}

}  // namespace holdfast::node
