#include "catalog/catalog.h"

#include "catalog/body_writer.h"
#include "catalog/buckets.h"
#include "catalog/format.h"
#include "catalog/list.h"
#include "catalog/live_batch.h"
#include "catalog/objects.h"
#include "catalog/rows.h"
#include "catalog/state.h"
#include "catalog/uploads.h"

#include <utility>

namespace holdfast::catalog {
namespace {

class TableCatalog final : public Catalog {
 public:
  TableCatalog(vault::Vault& vault, env::Clock& clock, env::Random& random)
      : state_(vault, clock, random) {}

  Task<Result<void>> load();

  Task<Result<Bucket>> create_bucket(std::string name, UserId owner, Fields settings) override {
    return buckets_.create(std::move(name), owner, std::move(settings));
  }
  Task<Result<Bucket>> find_bucket(std::string name) override {
    return buckets_.find(std::move(name));
  }
  Task<Result<void>> set_bucket(std::string name, Fields settings) override {
    return buckets_.set(std::move(name), std::move(settings));
  }
  Task<Result<void>> remove_bucket(std::string name) override {
    return buckets_.remove(std::move(name));
  }
  Task<Result<std::vector<Bucket>>> list_buckets(std::optional<UserId> owner, std::string prefix,
                                                 std::string after,
                                                 std::size_t count_max) override {
    return buckets_.list(owner, std::move(prefix), std::move(after), count_max);
  }
  Task<Result<Usage>> bucket_usage(BucketId bucket, std::string prefix) override {
    return sum_usage(state_, bucket, std::move(prefix));
  }

  Task<Result<ObjectInfo>> put(BucketId bucket, std::string key, vault::Content content,
                               Attributes attributes, Condition condition) override {
    return objects_.put(bucket, std::move(key), std::move(content), std::move(attributes),
                        std::move(condition));
  }
  Task<Result<ObjectInfo>> head(BucketId bucket, std::string key) override {
    return objects_.head(bucket, std::move(key));
  }
  Task<Result<OpenObject>> get(BucketId bucket, std::string key, RangeChooser range) override {
    return objects_.get(bucket, std::move(key), std::move(range));
  }
  Task<Result<std::optional<ObjectInfo>>> remove(BucketId bucket, std::string key,
                                                 Condition condition) override {
    return objects_.remove(bucket, std::move(key), std::move(condition));
  }
  Task<Result<ObjectInfo>> copy(Source source, BucketId bucket, std::string key,
                                std::optional<Attributes> attributes,
                                Condition condition) override {
    return objects_.copy(std::move(source), bucket, std::move(key), std::move(attributes),
                         std::move(condition));
  }
  Task<Result<void>> rename(BucketId bucket, std::string from, std::string to) override {
    return objects_.rename(bucket, std::move(from), std::move(to));
  }
  Task<Result<ListPage>> list(ListRequest request) override {
    return list_objects(state_, std::move(request));
  }
  Task<Result<std::vector<PartInfo>>> object_parts(BucketId bucket, std::string key) override {
    return objects_.object_parts(bucket, std::move(key));
  }

  Task<Result<UploadInfo>> create_upload(BucketId bucket, std::string key, UserId initiator,
                                         Fields fields) override {
    return uploads_.create(bucket, std::move(key), initiator, std::move(fields));
  }
  Task<Result<UploadInfo>> find_upload(BucketId bucket, std::string key, UploadId id) override {
    return uploads_.find(bucket, std::move(key), std::move(id));
  }
  Task<Result<PartInfo>> put_part(PartPlace place, vault::Content content,
                                  Attributes attributes) override {
    return uploads_.put_part(std::move(place), std::move(content), std::move(attributes));
  }
  Task<Result<PartInfo>> copy_part(Source source, RangeChooser range, PartPlace place,
                                   Attributes attributes) override {
    return uploads_.copy_part(std::move(source), std::move(range), std::move(place),
                              std::move(attributes));
  }
  Task<Result<std::vector<PartInfo>>> list_parts(BucketId bucket, std::string key, UploadId id,
                                                 std::uint32_t after,
                                                 std::size_t count_max) override {
    return uploads_.list_parts(bucket, std::move(key), std::move(id), after, count_max);
  }
  Task<Result<ListUploadsPage>> list_uploads(ListUploadsRequest request) override {
    return uploads_.list(std::move(request));
  }
  Task<Result<ObjectInfo>> complete_upload(BucketId bucket, std::string key, UploadId id,
                                           std::vector<PartChoice> parts, Attributes attributes,
                                           Condition condition) override {
    return uploads_.complete(bucket, std::move(key), std::move(id), std::move(parts),
                             std::move(attributes), std::move(condition));
  }
  Task<Result<void>> abort_upload(BucketId bucket, std::string key, UploadId id) override {
    return uploads_.abort(bucket, std::move(key), std::move(id));
  }
  Task<Result<std::size_t>> abort_stale_uploads(WallTime before) override {
    return uploads_.abort_stale(before);
  }

  Task<Result<void>> visit(const env::Snapshot& snapshot, Sink sink) override;

 private:
  using Extents = std::vector<vault::Extent>;
  using Reader = Result<void> (*)(std::string_view value, Extents& into);
  Task<Result<void>> visit_family(env::Family family, Reader reader, const env::Snapshot& snapshot,
                                  const Sink& sink);

  State state_;
  Buckets buckets_{state_};
  Objects objects_{state_, buckets_};
  Uploads uploads_{state_, buckets_, objects_};
};

void append(std::vector<vault::Extent>& into, const std::vector<vault::Extent>& extents) {
  into.insert(into.end(), extents.begin(), extents.end());
}

Result<void> read_names_row(std::string_view value, std::vector<vault::Extent>& into) {
  TRY_LET(const NameRow row, decode_name_row(value));
  if (const auto* object = std::get_if<ObjectRow>(&row)) append(into, object->body.extents);
  return {};
}

Result<void> read_extents_row(std::string_view value, std::vector<vault::Extent>& into) {
  TRY_LET(const auto extents, decode_extents(value));
  append(into, extents);
  return {};
}

Result<void> read_parts_row(std::string_view value, std::vector<vault::Extent>& into) {
  TRY_LET(const auto parts, decode_parts(value));
  for (const PartRow& part : parts) append(into, part.body.extents);
  return {};
}

Task<Result<void>> TableCatalog::load() {
  CO_TRY(co_await check_format(state_.vault));
  CO_TRY(co_await state_.numbers.load());
  co_return co_await BodyWriter::clean_up(state_.vault);
}

Task<Result<void>> TableCatalog::visit(const env::Snapshot& snapshot, Sink sink) {
  // First, so that who opens a body while the rows are visited knows of it.
  CO_TRY(co_await state_.opens.visit(sink));
  CO_TRY(co_await visit_family(names_family, read_names_row, snapshot, sink));
  CO_TRY(co_await visit_family(extents_family, read_extents_row, snapshot, sink));
  co_return co_await visit_family(parts_family, read_parts_row, snapshot, sink);
}

Task<Result<void>> TableCatalog::visit_family(env::Family family, Reader reader,
                                              const env::Snapshot& snapshot, const Sink& sink) {
  LiveBatch batch(sink);
  std::string from;
  for (bool is_at_end = false; !is_at_end;) {
    std::vector<vault::Extent> extents;
    Result<void> outcome;
    std::size_t count = 0;
    is_at_end = true;
    const auto look = [&](std::string_view key, std::string_view value) {
      outcome = reader(value, extents);
      if (!outcome) return env::Visit::stop();
      if (extents.size() < LiveBatch::count_max && ++count < LiveBatch::count_max) {
        return env::Visit::next();
      }
      is_at_end = false;
      from = std::string(key) + '\0';
      return env::Visit::stop();
    };
    CO_TRY(co_await state_.table().scan({.family = family,
                                         .from = from,
                                         .until = std::nullopt,
                                         .backwards = false,
                                         .snapshot = &snapshot},
                                        look));
    CO_TRY(outcome);
    batch.add(extents);
    CO_TRY(co_await batch.hand_over_full());
  }
  co_return co_await batch.hand_over_rest();
}

}  // namespace

std::vector<env::FamilyOptions> Catalog::families() {
  return {{.name = "names"},
          {.name = "extents"},
          {.name = "parts"},
          {.name = "uploads"},
          {.name = "counts", .point_lookups = true, .counters = true},
          {.name = "settings", .point_lookups = true}};
}

Task<Result<std::unique_ptr<Catalog>>> Catalog::open(vault::Vault& vault, env::Clock& clock,
                                                     env::Random& random) {
  auto catalog = std::make_unique<TableCatalog>(vault, clock, random);
  auto loaded = co_await catalog->load();
  if (!loaded) co_return std::unexpected(std::move(loaded).error().within("open the catalog"));
  co_return std::unique_ptr<Catalog>(std::move(catalog));
}

}  // namespace holdfast::catalog
