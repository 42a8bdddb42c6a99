// RemoteList reads a listing of objects page by page.
#pragma once

#include "cli/session/node_client.h"

#include <optional>
#include <string>

namespace holdfast::cli {

class RemoteList {
 public:
  struct Wish {
    std::string bucket;
    std::string prefix;
    std::string delimiter = {};
    bool with_fields = false;
  };

  // `node` must outlive it.
  RemoteList(NodeClient& node, Wish wish) : node_(node), wish_(std::move(wish)) {}

  // The next page; nothing after the last.
  Task<Result<std::optional<node::ObjectPage>>> next();

 private:
  NodeClient& node_;
  Wish wish_;
  std::string after_;
  bool after_is_prefix_ = false;
  bool has_ended_ = false;
};

// One object. `not_found` when there is none.
Task<Result<node::ObjectReport>> find_object(NodeClient& node, std::string bucket, std::string key);

// Whether there is anything whose key begins so: a folder for "a/". `not_found` without the bucket.
Task<Result<bool>> has_any(NodeClient& node, std::string bucket, std::string prefix);

}  // namespace holdfast::cli
