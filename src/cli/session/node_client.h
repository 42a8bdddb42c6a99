// NodeClient asks a node over its socket.
//
// What the node refuses comes back as the Error that it told. `unavailable`, with what to do, when
// no node answers.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "net/client.h"
#include "node/message.h"

#include <memory>
#include <string>
#include <string_view>

namespace holdfast::cli {

// "/v1/objects/photos/2026/a%20b.jpg" for ("objects", "photos", "2026/a b.jpg").
std::string target_of(std::string_view area);
std::string target_of(std::string_view area, std::string_view name);
std::string target_of(std::string_view area, std::string_view name, std::string_view rest);

// Adds "?name=value", or "&name=value" after the first, percent-encoded.
std::string with_query(std::string target, std::string_view name, std::string_view value);

class NodeClient {
 public:
  // The node of `data_folder`, at the socket that it says. Fails with `unavailable` when there is
  // no socket.
  static Result<std::unique_ptr<NodeClient>> find(boost::asio::any_io_executor executor,
                                                  const std::string& data_folder,
                                                  const std::string& socket_path);

  template <class Answer>
  Task<Result<Answer>> get(std::string target) {
    CO_TRY_LET(const std::string text, co_await exchange("GET", std::move(target), {}));
    co_return decode_answer<Answer>(text);
  }

  // With a message as the body, and one as the answer.
  template <class Answer, class Message>
  Task<Result<Answer>> ask(std::string method, std::string target, Message message) {
    CO_TRY_LET(const std::string text,
               co_await exchange(std::move(method), std::move(target), node::encode(message)));
    co_return decode_answer<Answer>(text);
  }

  // Where nothing is to be said or heard.
  template <class Message>
  Task<Result<void>> tell(std::string method, std::string target, Message message) {
    CO_TRY(co_await exchange(std::move(method), std::move(target), node::encode(message)));
    co_return Result<void>();
  }
  Task<Result<void>> tell(std::string method, std::string target);

  // An answer whose body is to be read by the caller; its status is 2xx.
  Task<Result<std::unique_ptr<net::ClientResponse>>> open(net::ClientRequest request);

 private:
  NodeClient(boost::asio::any_io_executor executor, const std::string& data_folder,
             const std::string& socket_path);

  template <class Answer>
  static Result<Answer> decode_answer(std::string_view text) {
    auto answer = node::decode<Answer>(text);
    if (answer) return answer;
    return std::unexpected(std::move(answer).error().within("The node's answer makes no sense"));
  }

  Task<Result<std::string>> exchange(std::string method, std::string target, std::string body);

  std::string data_folder_;
  net::Client client_;
};

}  // namespace holdfast::cli
