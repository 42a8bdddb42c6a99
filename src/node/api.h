// Api answers the node's own HTTP interface: /v1 for the command line and the console
// (docs/formats/api.md), and /healthz, /readyz and /metrics for those who watch it.
//
// Whoever can reach it may do everything: it is served on a socket that only the node's owner can
// open.
#pragma once

#include "node/call.h"

namespace holdfast::node {

class Api {
 public:
  explicit Api(Means means) : means_(means) {}

  // A net::Handler. Every request gets an answer.
  Task<void> handle(net::Exchange& exchange);

  // The same, but for watchers only: /healthz, /readyz and /metrics.
  Task<void> handle_watcher(net::Exchange& exchange);

 private:
  Task<Result<void>> answer(net::Exchange& exchange, bool with_calls);
  Task<Result<void>> watch(net::Exchange& exchange, std::string_view path);

  Means means_;
};

// The calls, by area. Each answers, or fails before it has begun to.
Task<Result<void>> list_buckets(Call& call, Means& means);
Task<Result<void>> show_bucket(Call& call, Means& means);
Task<Result<void>> create_bucket(Call& call, Means& means);
Task<Result<void>> remove_bucket(Call& call, Means& means);
Task<Result<void>> show_usage(Call& call, Means& means);

Task<Result<void>> list_objects(Call& call, Means& means);
Task<Result<void>> get_object(Call& call, Means& means);
Task<Result<void>> head_object(Call& call, Means& means);
Task<Result<void>> put_object(Call& call, Means& means);
Task<Result<void>> remove_object(Call& call, Means& means);
Task<Result<void>> copy_object(Call& call, Means& means);
Task<Result<void>> rename_object(Call& call, Means& means);

Error no_user(std::string_view name);  // The answer where a user is named that is not there.
Task<Result<void>> list_users(Call& call, Means& means);
Task<Result<void>> create_user(Call& call, Means& means);
Task<Result<void>> remove_user(Call& call, Means& means);
Task<Result<void>> list_keys(Call& call, Means& means);
Task<Result<void>> create_key(Call& call, Means& means);
Task<Result<void>> revoke_key(Call& call, Means& means);

Task<Result<void>> show_status(Call& call, Means& means);
Task<Result<void>> show_config(Call& call, Means& means);
Task<Result<void>> list_vault_keys(Call& call, Means& means);
Task<Result<void>> show_words(Call& call, Means& means);
Task<Result<void>> set_passphrase(Call& call, Means& means);
Task<Result<void>> remove_passphrase(Call& call, Means& means);
Task<Result<void>> unlock_vault(Call& call, Means& means);
Task<Result<void>> lock_vault(Call& call, Means& means);
Task<Result<void>> collect_garbage(Call& call, Means& means);
Task<Result<void>> make_checkpoint(Call& call, Means& means);

}  // namespace holdfast::node
