#include "catalog/list.h"

#include "catalog/lookup.h"
#include "catalog/walk.h"

#include <utility>

namespace holdfast::catalog {
namespace {

// The key that a listing begins at; nothing if it begins after the last possible one.
std::optional<std::string> first_key(const ListRequest& request) {
  if (request.after.empty()) return request.prefix;
  if (request.after_is_prefix) return after_all_of(request.after);
  // No key holds 0x00, so this sorts right after the key itself.
  return request.after + '\1';
}

// The common prefix that a key goes under, if it does.
std::optional<std::string> common_prefix(const ListRequest& request, const std::string& key) {
  if (request.delimiter.empty()) return std::nullopt;
  const std::size_t at = key.find(request.delimiter, request.prefix.size());
  if (at == std::string::npos) return std::nullopt;
  return key.substr(0, at + request.delimiter.size());
}

}  // namespace

Task<Result<ListPage>> list_objects(State& state, ListRequest request) {
  ListPage page;
  auto from = first_key(request);
  if (request.count_max == 0 || !from) co_return page;
  // Directories are what '/' delimits; other delimiters need a look at each key.
  const bool is_flat = request.delimiter == "/";
  Walk walk(state.table(), state.directories,
            {.bucket = request.bucket,
             .prefix = request.prefix,
             .is_flat = is_flat,
             .count_hint = std::min(request.count_max, Walk::run_count_max) + 1});
  CO_TRY(co_await walk.seek(*std::move(from)));
  for (std::size_t count = 0;; ++count) {
    CO_TRY_LET(auto item, co_await walk.next());
    if (!item) break;
    if (count == request.count_max) {
      page.is_truncated = true;
      break;
    }
    auto prefix = item->object ? common_prefix(request, item->key) : item->key;
    page.next_is_prefix = prefix.has_value();
    page.next = prefix ? *prefix : item->key;
    if (!prefix) {
      page.objects.push_back(*std::move(item->object));
      continue;
    }
    page.prefixes.push_back(*prefix);
    if (is_flat) continue;
    auto beyond = after_all_of(*std::move(prefix));
    if (!beyond) break;
    CO_TRY(co_await walk.seek(*std::move(beyond)));
  }
  CO_TRY(state.confirm());
  co_return page;
}

Task<Result<Usage>> sum_usage(State& state, BucketId bucket, std::string prefix) {
  Usage sum;
  if (name_of(prefix).empty()) {
    CO_TRY_LET(const auto directory, co_await state.directories.find(bucket, prefix));
    if (directory) {
      CO_TRY_LET(const auto usages, co_await find_usages(state.table(), {*directory}));
      sum = usages.front();
    }
  } else {
    Walk walk(state.table(), state.directories,
              {.bucket = bucket, .prefix = prefix, .is_flat = true});
    CO_TRY(co_await walk.seek(prefix));
    for (;;) {
      CO_TRY_LET(const auto item, co_await walk.next());
      if (!item) break;
      sum.objects += item->object ? 1 : item->below.objects;
      sum.bytes += item->object ? item->object->size : item->below.bytes;
    }
  }
  CO_TRY(state.confirm());
  co_return sum;
}

}  // namespace holdfast::catalog
