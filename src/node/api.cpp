#include "node/api.h"

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::node {
namespace {

// What an address consists of below its area.
enum class Shape { area, name, rest };

struct Route {
  std::string_view method;
  std::string_view area;
  std::string_view name;  // Empty: any.
  Shape shape;
  Task<Result<void>> (*answer)(Call&, Means&);
};

constexpr std::string_view any{};

constexpr Route routes[] = {
    {"GET", "status", any, Shape::area, show_status},
    {"GET", "config", any, Shape::area, show_config},
    {"GET", "buckets", any, Shape::area, list_buckets},
    {"GET", "buckets", any, Shape::name, show_bucket},
    {"PUT", "buckets", any, Shape::name, create_bucket},
    {"DELETE", "buckets", any, Shape::name, remove_bucket},
    {"GET", "usage", any, Shape::area, show_usage},
    {"GET", "objects", any, Shape::name, list_objects},
    {"GET", "objects", any, Shape::rest, get_object},
    {"HEAD", "objects", any, Shape::rest, head_object},
    {"PUT", "objects", any, Shape::rest, put_object},
    {"DELETE", "objects", any, Shape::rest, remove_object},
    {"POST", "copy", any, Shape::area, copy_object},
    {"POST", "rename", any, Shape::area, rename_object},
    {"GET", "users", any, Shape::area, list_users},
    {"POST", "users", any, Shape::area, create_user},
    {"DELETE", "users", any, Shape::name, remove_user},
    {"GET", "keys", any, Shape::area, list_keys},
    {"POST", "keys", any, Shape::area, create_key},
    {"DELETE", "keys", any, Shape::name, revoke_key},
    {"GET", "vault", "keys", Shape::name, list_vault_keys},
    {"POST", "vault", "words", Shape::name, show_words},
    {"PUT", "vault", "passphrase", Shape::name, set_passphrase},
    {"DELETE", "vault", "passphrase", Shape::name, remove_passphrase},
    {"POST", "vault", "unlock", Shape::name, unlock_vault},
    {"POST", "vault", "lock", Shape::name, lock_vault},
    {"POST", "vault", "collect", Shape::name, collect_garbage},
    {"POST", "vault", "checkpoint", Shape::name, make_checkpoint},
};

Shape shape_of(const Call& call) {
  if (call.rest()) return Shape::rest;
  return call.name().empty() ? Shape::area : Shape::name;
}

bool leads_to(const Route& route, const Call& call) {
  return route.area == call.area() && route.shape == shape_of(call) &&
         (route.name.empty() || route.name == call.name());
}

Task<Result<void>> dispatch(Call& call, Means& means) {
  std::string allowed;
  for (const Route& route : routes) {
    if (!leads_to(route, call)) continue;
    if (route.method == call.method()) return route.answer(call, means);
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  const std::string& target = call.exchange().request().target;
  if (allowed.empty()) {
    return call.refuse(Error(ErrorCode::not_found, fmt::format("There is nothing at {}.", target)));
  }
  return call.refuse(405, {ErrorCode::invalid,
                           fmt::format("{} takes {}, not {}.", target, allowed, call.method())});
}

// What ended a request in the midst of its answer, where nobody can be told any more.
void note(const Result<void>& done) {
  if (done) return;
  const ErrorCode code = done.error().code();
  if (code == ErrorCode::corrupt || code == ErrorCode::io) {
    log::error("{}", done.error().context());
  } else {
    log::debug("request ended early: {}", done.error().context());
  }
}

}  // namespace

Task<void> Api::handle(net::Exchange& exchange) {
  note(co_await answer(exchange, true));
}

Task<void> Api::handle_watcher(net::Exchange& exchange) {
  note(co_await answer(exchange, false));
}

Task<Result<void>> Api::answer(net::Exchange& exchange, bool with_calls) {
  const std::string_view target = exchange.request().target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (!with_calls || path == "/healthz" || path == "/readyz" || path == "/metrics") {
    co_return co_await watch(exchange, path);
  }
  auto call = Call::parse(exchange);
  Result<void> done;
  if (call) {
    done = co_await dispatch(*call, means_);
  } else {
    done = std::unexpected(std::move(call).error());
  }
  if (done || exchange.has_started()) co_return done;
  const Refusal refusal{done.error().code(), done.error().context()};
  net::ResponseHead head{.status = status_of(refusal.code), .headers = {}, .content_length = {}};
  head.headers.add("content-type", "application/json");
  std::string body = encode(refusal) + "\n";
  head.content_length = body.size();
  co_return co_await exchange.respond(std::move(head), std::move(body));
}

Task<Result<void>> Api::watch(net::Exchange& exchange, std::string_view path) {
  net::ResponseHead head;
  std::string body;
  head.headers.add("content-type", "text/plain; charset=utf-8");
  if (exchange.request().method != "GET" && exchange.request().method != "HEAD") {
    head.status = 405;
  } else if (path == "/healthz") {
    body = "alive\n";
  } else if (path == "/readyz") {
    const StatusReport status = co_await means_.control.status();
    const bool serves = status.state == State::ready || status.state == State::read_only;
    head.status = serves ? 200 : 503;
    body = std::string(to_string(status.state)) + "\n";
  } else if (path == "/metrics") {
    head.headers.set("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
    body = co_await means_.control.metrics();
  } else {
    head.status = 404;
    body = "There are /healthz, /readyz and /metrics here.\n";
  }
  head.content_length = body.size();
  co_return co_await exchange.respond(std::move(head), std::move(body));
}

}  // namespace holdfast::node
