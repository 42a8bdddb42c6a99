#include "cli/session/remote_list.h"

#include "cli/session/place.h"

#include <fmt/format.h>

namespace holdfast::cli {

Task<Result<std::optional<node::ObjectPage>>> RemoteList::next() {
  if (has_ended_) co_return std::optional<node::ObjectPage>();
  std::string target = with_query(target_of("objects", wish_.bucket), "prefix", wish_.prefix);
  if (!wish_.delimiter.empty()) target = with_query(target, "delimiter", wish_.delimiter);
  if (wish_.with_fields) target = with_query(target, "fields", "true");
  if (!after_.empty()) target = with_query(target, "after", after_);
  if (after_is_prefix_) target = with_query(target, "after_is_prefix", "true");
  CO_TRY_LET(node::ObjectPage page, co_await node_.get<node::ObjectPage>(std::move(target)));
  has_ended_ = !page.is_truncated;
  after_ = page.next;
  after_is_prefix_ = page.next_is_prefix;
  co_return std::optional(std::move(page));
}

Task<Result<node::ObjectReport>> find_object(NodeClient& node, std::string bucket,
                                             std::string key) {
  // What sorts first of all that begins with the key is the key itself, if it is there.
  const std::string target =
      with_query(with_query(with_query(target_of("objects", bucket), "prefix", key), "limit", "1"),
                 "fields", "true");
  CO_TRY_LET(node::ObjectPage page, co_await node.get<node::ObjectPage>(target));
  if (page.objects.empty() || page.objects.front().key != key) {
    co_return fail(ErrorCode::not_found,
                   fmt::format("There is no {}{}/{}. `holdfast ls {}` lists what is there.",
                               place_scheme, bucket, key, bucket));
  }
  co_return std::move(page.objects.front());
}

Task<Result<bool>> has_any(NodeClient& node, std::string bucket, std::string prefix) {
  const std::string target =
      with_query(with_query(target_of("objects", bucket), "prefix", prefix), "limit", "1");
  CO_TRY_LET(const node::ObjectPage page, co_await node.get<node::ObjectPage>(target));
  co_return !page.objects.empty();
}

}  // namespace holdfast::cli
