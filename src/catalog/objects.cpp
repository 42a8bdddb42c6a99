#include "catalog/objects.h"

#include "base/log.h"
#include "catalog/lock_names.h"
#include "catalog/names.h"

#include <utility>

namespace holdfast::catalog {
namespace {

std::int64_t signed_size(const ObjectRow& row) {
  return static_cast<std::int64_t>(row.info.size);
}

void put_row(vault::Record& record, const Place& place, const ObjectRow& row) {
  record.put_stamped(names_family, name_key(place.parent(), place.name), encode_name_row(row));
}

}  // namespace

Task<Result<ObjectInfo>> Objects::put(BucketId bucket, std::string key, vault::Content content,
                                      Attributes attributes, Condition condition) {
  CO_TRY(check_key(key));
  CO_TRY(check_fields(attributes.fields, attribute_bytes_max));
  if (content.size > object_bytes_max) {
    co_return fail(ErrorCode::invalid, fmt::format("an object of {} bytes", content.size));
  }
  ObjectRow row;
  row.info.size = content.size;
  row.info.etag = std::move(attributes.etag);
  row.info.modified = attributes.modified;
  row.info.fields = std::move(attributes.fields);

  BodyWriter writer(state_.vault, state_.numbers);
  const auto written = co_await writer.add(std::move(content));
  if (!written) {
    co_await writer.abandon();
    co_return std::unexpected(written.error());
  }
  co_return co_await publish(bucket, key, std::move(row), writer, condition);
}

Task<Result<ObjectInfo>> Objects::publish(BucketId bucket, const std::string& key, ObjectRow row,
                                          BodyWriter& writer, const Condition& condition) {
  auto published = co_await publish_once(bucket, key, std::move(row), writer, condition);
  if (!published) co_await writer.abandon();
  co_return published;
}

Task<Result<ObjectInfo>> Objects::publish_once(BucketId bucket, const std::string& key,
                                               ObjectRow row, BodyWriter& writer,
                                               const Condition& condition) {
  vault::Record record;
  CO_TRY_LET(row.body, co_await writer.finish(record));
  CO_TRY_LET(const Held held, co_await hold(bucket, key));
  co_return co_await name(bucket, key, std::move(row), std::move(record), condition);
}

Task<Result<ObjectInfo>> Objects::head(BucketId bucket, std::string key) {
  CO_TRY_LET(ObjectRow row, co_await read(bucket, key));
  CO_TRY(state_.confirm());
  co_return std::move(row.info);
}

Task<Result<OpenObject>> Objects::get(BucketId bucket, std::string key, RangeChooser range) {
  CO_TRY_LET(Opened opened, co_await open(bucket, key, range));
  const std::uint64_t from = opened.range.offset;
  auto body = state_.opens.read(std::move(opened.body), from, from + opened.range.size, key);
  CO_TRY(state_.confirm());
  co_return OpenObject{.info = std::move(opened.info), .body = std::move(body)};
}

Task<Result<std::optional<ObjectInfo>>> Objects::remove(BucketId bucket, std::string key,
                                                        Condition condition) {
  std::optional<ObjectInfo> removed;
  {
    CO_TRY_LET(const Held held, co_await hold(bucket, key));
    CO_TRY_LET(auto existing, co_await find(bucket, key));
    if (condition) {
      auto judged = condition(existing ? &existing->row.info : nullptr);
      if (!judged) co_return state_.refuse(std::move(judged).error());
    }
    if (!existing) {
      CO_TRY(state_.confirm());
      co_return std::nullopt;
    }
    vault::Record record;
    record.remove(names_family, existing->row_key);
    remove_body(record, existing->row.body);
    Directories::count(record, existing->place.chain, -1, -signed_size(existing->row));
    CO_TRY(co_await state_.vault.commit(std::move(record)));
    removed = std::move(existing->row.info);
  }
  co_await tidy(bucket, key);
  co_return removed;
}

Task<Result<void>> Objects::rename(BucketId bucket, std::string from, std::string to) {
  if (from.ends_with('/') && to.ends_with('/')) {
    co_return co_await rename_directory(bucket, std::move(from), std::move(to));
  }
  CO_TRY(check_key(to));
  if (from == to) {
    CO_TRY(co_await head(bucket, from));
    co_return Result<void>();
  }
  {
    const auto holding = co_await state_.locks.share(bucket_lock(bucket));
    CO_TRY(co_await buckets_.require(bucket));
    const auto first = co_await state_.locks.exclude(object_lock(bucket, std::min(from, to)));
    const auto second = co_await state_.locks.exclude(object_lock(bucket, std::max(from, to)));
    CO_TRY_LET(const auto source, co_await find(bucket, from));
    if (!source) co_return state_.refuse(ErrorCode::not_found, fmt::format("no object {}", from));
    vault::Record record;
    CO_TRY_LET(const auto made, co_await state_.directories.make_place(bucket, to, record));
    CO_TRY_LET(const auto replaced, co_await find_in(made.place, to));
    record.remove(names_family, source->row_key);
    Directories::count(record, source->place.chain, -1, -signed_size(source->row));
    if (replaced) {
      record.remove(names_family, replaced->row_key);
      remove_body(record, replaced->row.body);
      Directories::count(record, made.place.chain, -1, -signed_size(replaced->row));
    }
    put_row(record, made.place, source->row);
    Directories::count(record, made.place.chain, 1, signed_size(source->row));
    CO_TRY(co_await state_.vault.commit(std::move(record)));
    state_.directories.keep(made);
  }
  co_await tidy(bucket, from);
  co_return Result<void>();
}

Task<Result<void>> Objects::rename_directory(BucketId bucket, std::string from, std::string to) {
  CO_TRY(check_key(to));
  if (to == from) co_return Result<void>();
  if (to.starts_with(from) || from.starts_with(to)) {
    co_return fail(ErrorCode::invalid, fmt::format("{} and {} lie in each other", from, to));
  }
  // The directories as names in those above.
  const std::string source_name = from.substr(directory_of({from.data(), from.size() - 1}).size());
  const std::string target_name = to.substr(directory_of({to.data(), to.size() - 1}).size());
  const std::string source_above = from.substr(0, from.size() - source_name.size());
  const std::string target_above = to.substr(0, to.size() - target_name.size());

  const auto excluding = co_await state_.locks.exclude(bucket_lock(bucket));
  CO_TRY(co_await buckets_.require(bucket));
  CO_TRY_LET(const auto source, co_await state_.directories.find_place(bucket, from));
  const DirectoryId moved = source ? source->parent() : 0;
  CO_TRY_LET(const auto usages, co_await find_usages(state_.table(), {moved}));
  const Usage usage = usages.front();
  if (!source || usage.objects == 0) {
    co_return state_.refuse(ErrorCode::not_found, fmt::format("nothing below {}", from));
  }
  const std::vector<DirectoryId> source_chain(source->chain.begin(), source->chain.end() - 1);
  CO_TRY_LET(const auto source_row,
             co_await find_name(state_.table(), source_chain.back(), source_name));
  if (!source_row) co_return fail(ErrorCode::corrupt, "a directory without a row");

  vault::Record record;
  CO_TRY_LET(const auto made, co_await state_.directories.make_place(bucket, target_above, record));
  const DirectoryId target_parent = made.place.parent();
  CO_TRY_LET(const auto target_row, co_await find_name(state_.table(), target_parent, target_name));
  if (target_row) {
    const DirectoryId target = std::get<DirectoryRow>(target_row->row).id;
    CO_TRY_LET(const auto target_usages, co_await find_usages(state_.table(), {target}));
    if (target_usages.front().objects > 0) {
      co_return state_.refuse(ErrorCode::conflict, fmt::format("there are objects below {}", to));
    }
    CO_TRY(co_await state_.directories.remove_empty_tree(target));
    record.remove(names_family, target_row->row_key);
    record.remove(counts_family, counts_key(target));
  }
  Directories::Restructuring restructuring(state_.directories);
  const auto objects = static_cast<std::int64_t>(usage.objects);
  const auto bytes = static_cast<std::int64_t>(usage.bytes);
  record.remove(names_family, source_row->row_key);
  record.put_stamped(names_family, name_key(target_parent, target_name),
                     encode_name_row(DirectoryRow{.id = moved}));
  Directories::count(record, source_chain, -objects, -bytes);
  Directories::count(record, made.place.chain, objects, bytes);
  restructuring.forget(source_chain.back(), source_name);
  restructuring.forget(target_parent, target_name);
  CO_TRY(co_await state_.vault.commit(std::move(record)));
  state_.directories.note_emptied(bucket, source_above);
  co_return Result<void>();
}

Task<Result<std::vector<PartInfo>>> Objects::object_parts(BucketId bucket, std::string key) {
  const auto snapshot = state_.table().snapshot();
  CO_TRY_LET(const ObjectRow row, co_await read(bucket, key, snapshot.get()));
  std::vector<PartInfo> parts;
  if (row.body.kind == Body::Kind::parts) {
    Result<void> outcome;
    const auto read_row = [&](std::string_view value) -> Result<void> {
      TRY_LET(auto rows, decode_parts(value));
      for (PartRow& part : rows) parts.push_back(std::move(part.info));
      return {};
    };
    const auto visit = [&](std::string_view, std::string_view value) {
      outcome = read_row(value);
      return outcome ? env::Visit::next() : env::Visit::stop();
    };
    CO_TRY(co_await state_.table().scan({.family = parts_family,
                                         .from = object_parts_begin(row.body.content),
                                         .until = content_end(row.body.content),
                                         .backwards = false,
                                         .snapshot = snapshot.get()},
                                        visit));
    CO_TRY(outcome);
  }
  CO_TRY(state_.confirm());
  co_return parts;
}

Task<Result<ObjectRow>> Objects::read(BucketId bucket, const std::string& key,
                                      const env::Snapshot* snapshot) {
  CO_TRY_LET(const auto place, co_await state_.directories.find_place(bucket, key));
  if (place) {
    CO_TRY_LET(auto found,
               co_await find_name(state_.table(), place->parent(), place->name, snapshot));
    if (found) co_return object_of(*std::move(found), key);
  }
  co_return state_.refuse(ErrorCode::not_found, fmt::format("no object {}", key));
}

Task<Result<Objects::Held>> Objects::hold(BucketId bucket, const std::string& key) {
  Held held;
  held.bucket = co_await state_.locks.share(bucket_lock(bucket));
  CO_TRY(co_await buckets_.require(bucket));
  held.object = co_await state_.locks.exclude(object_lock(bucket, key));
  co_return held;
}

Task<Result<ObjectInfo>> Objects::name(BucketId bucket, const std::string& key, ObjectRow row,
                                       vault::Record record, const Condition& condition) {
  CO_TRY_LET(const auto made, co_await state_.directories.make_place(bucket, key, record));
  std::optional<Existing> existing;
  if (!made.is_new) {
    CO_TRY_LET(existing, co_await find_in(made.place, key));
  }
  if (condition) {
    auto judged = condition(existing ? &existing->row.info : nullptr);
    if (!judged) co_return state_.refuse(std::move(judged).error());
  }
  std::int64_t objects = 1;
  std::int64_t bytes = signed_size(row);
  if (existing) {
    record.remove(names_family, existing->row_key);
    remove_body(record, existing->row.body);
    objects = 0;
    bytes -= signed_size(existing->row);
  }
  put_row(record, made.place, row);
  Directories::count(record, made.place.chain, objects, bytes);
  CO_TRY_LET(row.info.version, co_await state_.vault.commit(std::move(record)));
  state_.directories.keep(made);
  row.info.key = key;
  co_return std::move(row.info);
}

Task<Result<std::optional<Objects::Existing>>> Objects::find(BucketId bucket,
                                                             const std::string& key) {
  CO_TRY_LET(auto place, co_await state_.directories.find_place(bucket, key));
  if (!place) co_return std::nullopt;
  co_return co_await find_in(*std::move(place), key);
}

Task<Result<std::optional<Objects::Existing>>> Objects::find_in(Place place,
                                                                const std::string& key) {
  CO_TRY_LET(auto found, co_await find_name(state_.table(), place.parent(), place.name));
  if (!found) co_return std::nullopt;
  std::string row_key = found->row_key;
  CO_TRY_LET(ObjectRow row, object_of(*std::move(found), key));
  co_return Existing{
      .place = std::move(place), .row_key = std::move(row_key), .row = std::move(row)};
}

// After an object went away: its directory may be empty, and enough of those are worth a sweep.
Task<void> Objects::tidy(BucketId bucket, const std::string& key) {
  state_.directories.note_emptied(bucket, directory_of(key));
  if (!state_.directories.is_sweep_due()) co_return;
  const auto swept = co_await state_.directories.sweep();
  if (!swept) log::debug("empty directories stay: {}", swept.error().context());
}

}  // namespace holdfast::catalog
