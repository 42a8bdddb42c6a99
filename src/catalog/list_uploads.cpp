// Uploads in progress as people see them: the part of Uploads that goes over many.
#include "catalog/uploads.h"

#include "catalog/names.h"

#include <utility>

namespace holdfast::catalog {
namespace {

constexpr std::size_t stale_run_max = 256;

// Makes a page of the rows that a scan shows it.
class PageMaker {
 public:
  PageMaker(const ListUploadsRequest& request, ListUploadsPage& page)
      : request_(request), page_(page) {}

  env::Visit take(std::string_view row_key, std::string_view value) {
    auto info = decode_upload(row_key, value);
    if (!info) {
      outcome = std::unexpected(std::move(info).error());
      return env::Visit::stop();
    }
    if (count_ == request_.count_max) {
      page_.is_truncated = true;
      return env::Visit::stop();
    }
    ++count_;
    if (auto prefix = common_prefix(info->key)) {
      page_.next_key = *prefix;
      page_.next_upload.clear();
      page_.prefixes.push_back(*prefix);
      auto beyond = after_all_of(number_key(request_.bucket) + *prefix);
      return beyond ? env::Visit::seek(*std::move(beyond)) : env::Visit::stop();
    }
    page_.next_key = info->key;
    page_.next_upload = info->id;
    page_.uploads.push_back(*std::move(info));
    return env::Visit::next();
  }

  // Where the rows of the page begin; nothing if after the last possible one.
  Result<std::optional<std::string>> first_row() const {
    const std::string bucket = number_key(request_.bucket);
    const std::string begin = bucket + request_.prefix;
    const std::string& after = request_.key_after;
    if (after.empty()) return begin;
    std::string from;
    if (!request_.upload_after.empty()) {
      const auto id_bytes = upload_id_to_bytes(request_.upload_after);
      if (!id_bytes) return fail(ErrorCode::invalid, "the marker is not the id of an upload");
      from = upload_key(request_.bucket, after, *id_bytes) + '\0';
    } else if (after.starts_with(request_.prefix) && common_prefix(after) == after) {
      const auto beyond = after_all_of(bucket + after);
      if (!beyond) return std::nullopt;
      from = *beyond;
    } else {
      from = bucket + after + '\1';  // After all uploads of that key.
    }
    return std::max(begin, from);
  }

  Result<void> outcome;

 private:
  std::optional<std::string> common_prefix(const std::string& key) const {
    if (request_.delimiter.empty()) return std::nullopt;
    const std::size_t at = key.find(request_.delimiter, request_.prefix.size());
    if (at == std::string::npos) return std::nullopt;
    return key.substr(0, at + request_.delimiter.size());
  }

  const ListUploadsRequest& request_;
  ListUploadsPage& page_;
  std::size_t count_ = 0;
};

}  // namespace

Task<Result<ListUploadsPage>> Uploads::list(ListUploadsRequest request) {
  ListUploadsPage page;
  PageMaker maker(request, page);
  CO_TRY_LET(auto from, maker.first_row());
  if (request.count_max == 0 || !from) co_return page;
  const auto visit = [&maker](std::string_view key, std::string_view value) {
    return maker.take(key, value);
  };
  CO_TRY(co_await state_.table().scan(
      {.family = uploads_family,
       .from = *std::move(from),
       .until = after_all_of(number_key(request.bucket) + request.prefix),
       .backwards = false,
       .snapshot = nullptr},
      visit));
  CO_TRY(maker.outcome);
  CO_TRY(state_.confirm());
  co_return page;
}

Task<Result<std::size_t>> Uploads::abort_stale(WallTime before) {
  struct Stale {
    BucketId bucket;
    UploadInfo info;
  };
  std::size_t count = 0;
  std::string from;
  for (bool is_at_end = false; !is_at_end;) {
    std::vector<Stale> stale;
    Result<void> outcome;
    is_at_end = true;
    const auto visit = [&](std::string_view key, std::string_view value) {
      auto info = decode_upload(key, value);
      if (!info) {
        outcome = std::unexpected(std::move(info).error());
        return env::Visit::stop();
      }
      if (info->started < before) stale.push_back({number_at(key, 0), *std::move(info)});
      if (stale.size() < stale_run_max) return env::Visit::next();
      is_at_end = false;
      from = std::string(key) + '\0';
      return env::Visit::stop();
    };
    CO_TRY(co_await state_.table().scan({.family = uploads_family,
                                         .from = from,
                                         .until = std::nullopt,
                                         .backwards = false,
                                         .snapshot = nullptr},
                                        visit));
    CO_TRY(outcome);
    for (Stale& upload : stale) {
      const auto aborted =
          co_await abort(upload.bucket, std::move(upload.info.key), std::move(upload.info.id));
      if (aborted) ++count;
      // Somebody else may have ended it meanwhile.
      if (!aborted && aborted.error().code() != ErrorCode::not_found) {
        co_return std::unexpected(aborted.error());
      }
    }
  }
  co_return count;
}

}  // namespace holdfast::catalog
