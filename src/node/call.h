// Call: one request to /v1, taken apart, and the ways to answer it.
#pragma once

#include "env/clock.h"
#include "env/workers.h"
#include "net/http.h"
#include "node/control.h"
#include "node/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::node {

inline constexpr std::size_t json_body_bytes_max = 1 * mib;

class Call {
 public:
  // Fails with `invalid` on a broken escape, `not_found` outside of /v1.
  static Result<Call> parse(net::Exchange& exchange);

  net::Exchange& exchange() const { return *exchange_; }
  const std::string& method() const { return exchange_->request().method; }

  // "/v1/objects/photos/2026/a%20b.jpg": area "objects", name "photos", rest "2026/a b.jpg".
  // `rest` is there when a slash follows the name.
  const std::string& area() const { return area_; }
  const std::string& name() const { return name_; }
  const std::optional<std::string>& rest() const { return rest_; }

  std::string query(std::string_view name) const;  // Empty when it is not there.
  bool is_asked(std::string_view name) const { return query(name) == "true"; }
  // `invalid` when it is there and no number up to `value_max`.
  Result<std::size_t> query_number(std::string_view name, std::size_t standard,
                                   std::size_t value_max) const;
  std::string header(std::string_view name) const;  // Empty when it is not there.

  // The whole body as JSON of that message. An empty body is an empty message.
  template <class Message>
  Task<Result<Message>> read() {
    CO_TRY_LET(const std::string text, co_await read_text());
    if (text.empty()) co_return Message();
    co_return decode<Message>(text);
  }

  template <class Message>
  Task<Result<void>> answer(const Message& message, unsigned status = 200) {
    return respond(status, "application/json", encode(message) + "\n");
  }
  // Done, and there is nothing to say.
  Task<Result<void>> answer();
  Task<Result<void>> respond(unsigned status, std::string content_type, std::string body);
  Task<Result<void>> refuse(const Error& error);
  Task<Result<void>> refuse(unsigned status, Refusal refusal);

 private:
  explicit Call(net::Exchange& exchange) : exchange_(&exchange) {}
  Task<Result<std::string>> read_text();

  net::Exchange* exchange_;
  std::string area_;
  std::string name_;
  std::optional<std::string> rest_;
  std::vector<std::pair<std::string, std::string>> query_;
};

// What the handlers of calls work with.
struct Means {
  Control& control;
  env::Clock& clock;
  env::Workers& workers;
};

}  // namespace holdfast::node
