#include "catalog/uploads.h"

#include "base/hex.h"
#include "catalog/lock_names.h"
#include "catalog/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::catalog {
namespace {

std::unexpected<Error> no_upload(const State& state, const UploadId& id) {
  return state.refuse(ErrorCode::not_found, fmt::format("no upload {}", id));
}

std::string row_key_of(BucketId bucket, const std::string& key, const std::string& id_bytes) {
  return upload_key(bucket, key, id_bytes);
}

Result<void> check_part(std::uint32_t number, const Attributes& attributes) {
  if (number == 0 || number > part_count_max) {
    return fail(ErrorCode::invalid,
                fmt::format("part {}; 1 to {} are allowed", number, part_count_max));
  }
  return check_fields(attributes.fields, Uploads::part_field_bytes_max);
}

// Moves those that the client chose out of `stored`, which keeps the rest.
Result<std::vector<PartRow>> choose(std::vector<PartRow>& stored,
                                    const std::vector<PartChoice>& choices) {
  if (choices.empty()) return fail(ErrorCode::invalid, "an object of no parts");
  std::vector<PartRow> chosen;
  std::vector<PartRow> rest;
  auto next = stored.begin();
  std::uint32_t before = 0;
  for (const PartChoice& choice : choices) {
    if (choice.number <= before) return fail(ErrorCode::invalid, "parts out of order");
    before = choice.number;
    while (next != stored.end() && next->info.number < choice.number) {
      rest.push_back(std::move(*next++));
    }
    if (next == stored.end() || next->info.number != choice.number ||
        next->info.etag != choice.etag) {
      return fail(ErrorCode::invalid,
                  fmt::format("part {} was not uploaded with that ETag", choice.number));
    }
    chosen.push_back(std::move(*next++));
  }
  std::move(next, stored.end(), std::back_inserter(rest));
  stored = std::move(rest);
  return chosen;
}

}  // namespace

Task<Result<UploadInfo>> Uploads::create(BucketId bucket, std::string key, UserId initiator,
                                         Fields fields) {
  CO_TRY(check_key(key));
  CO_TRY(check_fields(fields, attribute_bytes_max));
  const auto holding = co_await state_.locks.share(bucket_lock(bucket));
  CO_TRY(co_await buckets_.require(bucket));
  CO_TRY_LET(const ContentId content, co_await state_.numbers.next());
  std::string id_bytes = number_key(content);
  append_number(id_bytes, state_.random.draw_number());
  const UploadRow row{
      .initiator = initiator, .started = state_.clock.wall_now(), .fields = std::move(fields)};
  vault::Record record;
  record.put(uploads_family, upload_key(bucket, key, id_bytes), encode_upload(row));
  CO_TRY(co_await state_.vault.commit(std::move(record)));
  co_return UploadInfo{.id = to_hex(as_bytes(id_bytes)),
                       .key = std::move(key),
                       .initiator = initiator,
                       .started = row.started,
                       .fields = row.fields};
}

Task<Result<UploadInfo>> Uploads::find(BucketId bucket, std::string key, UploadId id) {
  const auto id_bytes = upload_id_to_bytes(id);
  if (!id_bytes) co_return no_upload(state_, id);
  const std::string row_key = row_key_of(bucket, key, *id_bytes);
  CO_TRY_LET(const auto value, co_await state_.table().get(uploads_family, row_key));
  if (!value) co_return no_upload(state_, id);
  CO_TRY_LET(UploadInfo info, decode_upload(row_key, *value));
  CO_TRY(state_.confirm());
  co_return info;
}

Task<Result<Uploads::HeldPart>> Uploads::hold_part(const Catalog::PartPlace& place) {
  const auto id_bytes = upload_id_to_bytes(place.upload);
  if (!id_bytes) co_return no_upload(state_, place.upload);
  const ContentId upload = content_of_upload(*id_bytes);
  HeldPart held;
  held.upload = co_await state_.locks.share(upload_lock(upload));
  held.part = co_await state_.locks.exclude(part_lock(upload, place.number));
  CO_TRY(co_await find(place.bucket, place.key, place.upload));
  co_return held;
}

Task<Result<PartInfo>> Uploads::put_part(Catalog::PartPlace place, vault::Content content,
                                         Attributes attributes) {
  CO_TRY(check_part(place.number, attributes));
  if (content.size > part_bytes_max) {
    co_return fail(ErrorCode::invalid, fmt::format("a part of {} bytes", content.size));
  }
  CO_TRY_LET(const HeldPart held, co_await hold_part(place));
  const ContentId upload = content_of_upload(*upload_id_to_bytes(place.upload));
  BodyWriter writer(state_.vault, state_.numbers, upload);
  const auto written = co_await writer.add(std::move(content));
  if (!written) {
    co_await writer.abandon();
    co_return std::unexpected(written.error());
  }
  co_return co_await write_part(upload, place.number, std::move(attributes), writer);
}

Task<Result<PartInfo>> Uploads::copy_part(Catalog::Source source, RangeChooser range,
                                          Catalog::PartPlace place, Attributes attributes) {
  CO_TRY(check_part(place.number, attributes));
  CO_TRY_LET(const HeldPart held, co_await hold_part(place));
  const ContentId upload = content_of_upload(*upload_id_to_bytes(place.upload));
  for (int attempt = 1;; ++attempt) {
    BodyWriter writer(state_.vault, state_.numbers, upload);
    const auto written = co_await copy_range(source, range, place.bucket, writer);
    if (written) co_return co_await write_part(upload, place.number, std::move(attributes), writer);
    co_await writer.abandon();
    if (written.error().code() != ErrorCode::conflict || attempt == Objects::attempts_max) {
      co_return std::unexpected(written.error());
    }
  }
}

Task<Result<void>> Uploads::copy_range(const Catalog::Source& source, const RangeChooser& range,
                                       BucketId bucket, BodyWriter& writer) {
  const auto judge = [&](const ObjectInfo& info) -> Result<ByteRange> {
    if (source.condition) {
      TRY(source.condition(&info));
    }
    if (!range) return ByteRange{.offset = 0, .size = info.size};
    return range(info);
  };
  CO_TRY_LET(const auto opened, co_await objects_.open(source.bucket, source.key, judge));
  if (opened.range.size > part_bytes_max) {
    co_return fail(ErrorCode::invalid, fmt::format("a part of {} bytes", opened.range.size));
  }
  co_return co_await objects_.transfer(opened, bucket, writer);
}

Task<Result<PartInfo>> Uploads::write_part(ContentId upload, std::uint32_t number,
                                           Attributes attributes, BodyWriter& writer) {
  PartRow row;
  row.info = {.number = number,
              .size = writer.size(),
              .etag = std::move(attributes.etag),
              .modified = attributes.modified,
              .fields = std::move(attributes.fields)};
  auto committed = co_await commit_part(upload, std::move(row), writer);
  if (!committed) co_await writer.abandon();
  co_return committed;
}

Task<Result<PartInfo>> Uploads::commit_part(ContentId upload, PartRow row, BodyWriter& writer) {
  vault::Record record;
  CO_TRY_LET(row.body, co_await writer.finish(record));
  const std::string row_key = upload_part_key(upload, row.info.number);
  CO_TRY_LET(const auto replaced, co_await state_.table().get(parts_family, row_key));
  if (replaced) {
    CO_TRY_LET(const auto rows, decode_parts(*replaced));
    for (const PartRow& old : rows) remove_body(record, old.body);
  }
  record.put(parts_family, row_key, encode_parts({&row, 1}));
  CO_TRY(co_await state_.vault.commit(std::move(record)));
  co_return std::move(row.info);
}

Task<Result<std::vector<PartInfo>>> Uploads::list_parts(BucketId bucket, std::string key,
                                                        UploadId id, std::uint32_t after,
                                                        std::size_t count_max) {
  CO_TRY(co_await find(bucket, key, id));
  const ContentId upload = content_of_upload(*upload_id_to_bytes(id));
  CO_TRY_LET(auto rows, co_await read_parts(upload, after, count_max));
  std::vector<PartInfo> parts;
  parts.reserve(rows.size());
  for (PartRow& row : rows) parts.push_back(std::move(row.info));
  CO_TRY(state_.confirm());
  co_return parts;
}

Task<Result<std::vector<PartRow>>> Uploads::read_parts(ContentId upload, std::uint32_t after,
                                                       std::size_t count_max) {
  std::vector<PartRow> parts;
  if (count_max == 0) co_return parts;
  Result<void> outcome;
  const auto read_row = [&](std::string_view value) -> Result<void> {
    TRY_LET(auto rows, decode_parts(value));
    parts.push_back(std::move(rows.front()));
    return {};
  };
  const auto visit = [&](std::string_view, std::string_view value) {
    outcome = read_row(value);
    return outcome && parts.size() < count_max ? env::Visit::next() : env::Visit::stop();
  };
  CO_TRY(co_await state_.table().scan({.family = parts_family,
                                       .from = upload_part_key(upload, after) + '\0',
                                       .until = object_parts_begin(upload),
                                       .backwards = false,
                                       .snapshot = nullptr},
                                      visit));
  CO_TRY(outcome);
  co_return parts;
}

Task<Result<ObjectInfo>> Uploads::complete(BucketId bucket, std::string key, UploadId id,
                                           std::vector<PartChoice> parts, Attributes attributes,
                                           Condition condition) {
  CO_TRY(check_fields(attributes.fields, attribute_bytes_max));
  const auto id_bytes = upload_id_to_bytes(id);
  if (!id_bytes) co_return no_upload(state_, id);
  const ContentId upload = content_of_upload(*id_bytes);
  CO_TRY_LET(const auto held, co_await objects_.hold(bucket, key));
  const auto excluding = co_await state_.locks.exclude(upload_lock(upload));
  const std::string row_key = row_key_of(bucket, key, *id_bytes);
  CO_TRY_LET(const auto row, co_await state_.table().get(uploads_family, row_key));
  if (!row) co_return co_await find_completed(bucket, key, id);

  CO_TRY_LET(auto stored, co_await read_parts(upload, 0, part_count_max));
  auto chosen = choose(stored, parts);
  if (!chosen) co_return state_.refuse(std::move(chosen).error());
  ObjectRow object;
  object.info.etag = std::move(attributes.etag);
  object.info.modified = attributes.modified;
  object.info.fields = std::move(attributes.fields);
  object.info.part_count = static_cast<std::uint32_t>(chosen->size());
  for (const PartRow& part : *chosen) object.info.size += part.info.size;
  if (object.info.size > object_bytes_max) {
    co_return fail(ErrorCode::invalid, fmt::format("an object of {} bytes", object.info.size));
  }
  object.body = {.kind = Body::Kind::parts, .extents = {}, .content = upload, .stream = 0};

  vault::Record record;
  record.remove(uploads_family, row_key);
  record.remove_range(parts_family, upload_part_key(upload, 0), object_parts_begin(upload));
  for (const PartRow& unwanted : stored) remove_body(record, unwanted.body);
  put_parts(record, upload, *chosen);
  co_return co_await objects_.name(bucket, key, std::move(object), std::move(record), condition);
}

// Completing once more, after an answer that was lost, succeeds once more.
Task<Result<ObjectInfo>> Uploads::find_completed(BucketId bucket, const std::string& key,
                                                 const UploadId& id) {
  auto row = co_await objects_.read(bucket, key);
  if (!row && row.error().code() != ErrorCode::not_found) {
    co_return std::unexpected(std::move(row).error());
  }
  const ContentId upload = content_of_upload(*upload_id_to_bytes(id));
  if (!row || row->body.kind != Body::Kind::parts || row->body.content != upload) {
    co_return no_upload(state_, id);
  }
  CO_TRY(state_.confirm());
  co_return std::move(row->info);
}

void Uploads::put_parts(vault::Record& record, ContentId upload,
                        const std::vector<PartRow>& chosen) {
  std::uint64_t offset = 0;
  for (std::size_t begin = 0; begin < chosen.size(); begin += parts_per_row_max) {
    const auto row =
        std::span(chosen).subspan(begin, std::min(parts_per_row_max, chosen.size() - begin));
    record.put(parts_family, object_parts_key(upload, offset, row.front().info.number),
               encode_parts(row));
    for (const PartRow& part : row) offset += part.info.size;
  }
}

Task<Result<void>> Uploads::abort(BucketId bucket, std::string key, UploadId id) {
  const auto id_bytes = upload_id_to_bytes(id);
  if (!id_bytes) co_return no_upload(state_, id);
  const ContentId upload = content_of_upload(*id_bytes);
  const auto excluding = co_await state_.locks.exclude(upload_lock(upload));
  CO_TRY(co_await find(bucket, key, id));
  vault::Record record;
  record.remove(uploads_family, row_key_of(bucket, key, *id_bytes));
  remove_body(record, {.kind = Body::Kind::parts, .extents = {}, .content = upload, .stream = 0});
  CO_TRY(co_await state_.vault.commit(std::move(record)));
  co_return Result<void>();
}

}  // namespace holdfast::catalog
