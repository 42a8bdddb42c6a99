#include "node/call.h"

#include "base/number.h"

#include <fmt/format.h>

namespace holdfast::node {
namespace {

constexpr std::string_view root = "/v1/";

// Takes what is before `end` off the front of `text`, and `end` itself.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t found = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, found);
  text.remove_prefix(std::min(found + 1, text.size()));
  return taken;
}

}  // namespace

Result<Call> Call::parse(net::Exchange& exchange) {
  Call call(exchange);
  std::string_view query = exchange.request().target;
  std::string_view path = take_until(query, '?');
  if (!path.starts_with(root)) {
    return fail(ErrorCode::not_found, fmt::format("There is nothing at {} here.", path));
  }
  path.remove_prefix(root.size());
  TRY_LET(call.area_, net::percent_decode(take_until(path, '/')));
  const bool has_rest = path.find('/') != std::string_view::npos;
  TRY_LET(call.name_, net::percent_decode(take_until(path, '/')));
  if (has_rest) {
    TRY_LET(call.rest_, net::percent_decode(path));
  }
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    TRY_LET(std::string decoded_name, net::percent_decode(name));
    TRY_LET(std::string decoded_value, net::percent_decode(value));
    call.query_.emplace_back(std::move(decoded_name), std::move(decoded_value));
  }
  return call;
}

std::string Call::query(std::string_view name) const {
  for (const auto& [known, value] : query_) {
    if (known == name) return value;
  }
  return {};
}

Result<std::size_t> Call::query_number(std::string_view name, std::size_t standard,
                                       std::size_t value_max) const {
  const std::string text = query(name);
  if (text.empty()) return standard;
  const auto value = parse_number<std::size_t>(text);
  if (!value || *value > value_max) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is a number up to {}, not `{}`.", name, value_max, text));
  }
  return *value;
}

std::string Call::header(std::string_view name) const {
  return std::string(exchange_->request().headers.find(name).value_or(std::string_view()));
}

Task<Result<std::string>> Call::read_text() {
  std::string text;
  Bytes piece(16 * kib);
  for (;;) {
    CO_TRY_LET(const std::size_t count, co_await exchange_->read(piece));
    if (count == 0) co_return text;
    if (text.size() + count > json_body_bytes_max) {
      co_return fail(ErrorCode::invalid,
                     fmt::format("The body is longer than {} bytes.", json_body_bytes_max));
    }
    text += as_text(ByteView(piece).first(count));
  }
}

Task<Result<void>> Call::answer() {
  return exchange_->respond({.status = 204, .headers = {}, .content_length = {}}, {});
}

Task<Result<void>> Call::respond(unsigned status, std::string content_type, std::string body) {
  net::ResponseHead head{.status = status, .headers = {}, .content_length = body.size()};
  head.headers.add("content-type", std::move(content_type));
  return exchange_->respond(std::move(head), std::move(body));
}

Task<Result<void>> Call::refuse(const Error& error) {
  return refuse(status_of(error.code()), {error.code(), error.context()});
}

Task<Result<void>> Call::refuse(unsigned status, Refusal refusal) {
  return respond(status, "application/json", encode(refusal) + "\n");
}

}  // namespace holdfast::node
