#include "cli/session/node_client.h"

#include <fmt/format.h>

namespace holdfast::cli {
namespace {

constexpr std::size_t answer_bytes_max = 16 * mib;
// A node that dies takes its socket along, so waiting long does no harm; a collection takes long.
constexpr std::chrono::hours patience{6};

std::unexpected<Error> no_node(const std::string& data_folder) {
  return fail(ErrorCode::unavailable,
              fmt::format("No node runs on {0}.\nStart one with `holdfast up --data {0}`, or name "
                          "another folder with --data.",
                          data_folder));
}

}  // namespace

std::string target_of(std::string_view area) {
  return "/v1/" + std::string(area);
}

std::string target_of(std::string_view area, std::string_view name) {
  return target_of(area) + "/" + net::percent_encode(name);
}

std::string target_of(std::string_view area, std::string_view name, std::string_view rest) {
  return target_of(area, name) + "/" + net::percent_encode(rest, "/");
}

std::string with_query(std::string target, std::string_view name, std::string_view value) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += name;
  target += '=';
  return target + net::percent_encode(value);
}

Result<std::unique_ptr<NodeClient>> NodeClient::find(boost::asio::any_io_executor executor,
                                                     const std::string& data_folder,
                                                     const std::string& socket_path) {
  if (socket_path.empty()) return no_node(data_folder);
  return std::unique_ptr<NodeClient>(new NodeClient(std::move(executor), data_folder, socket_path));
}

NodeClient::NodeClient(boost::asio::any_io_executor executor, const std::string& data_folder,
                       const std::string& socket_path)
    : data_folder_(data_folder),
      client_(std::move(executor), {.endpoint = "unix:" + socket_path, .timeout = patience}) {}

Task<Result<std::unique_ptr<net::ClientResponse>>> NodeClient::open(net::ClientRequest request) {
  auto sent = co_await client_.send(std::move(request));
  if (!sent) {
    if (sent.error().code() == ErrorCode::unavailable) co_return no_node(data_folder_);
    co_return std::unexpected(std::move(sent).error().within("Asking the node failed"));
  }
  auto response = std::move(*sent);
  if (response->status() / 100 == 2) co_return response;
  CO_TRY_LET(const std::string text, co_await net::Client::read_all(*response, answer_bytes_max));
  const auto refusal = node::decode<node::Refusal>(text);
  if (!refusal || refusal->message.empty()) {
    co_return fail(ErrorCode::io,
                   fmt::format("The node answered {} without a reason.", response->status()));
  }
  co_return fail(refusal->code, refusal->message);
}

Task<Result<std::string>> NodeClient::exchange(std::string method, std::string target,
                                               std::string body) {
  net::ClientRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  if (!body.empty()) {
    request.headers.add("content-type", "application/json");
    request.body = as_bytes(body);
  }
  CO_TRY_LET(const auto response, co_await open(std::move(request)));
  co_return co_await net::Client::read_all(*response, answer_bytes_max);
}

Task<Result<void>> NodeClient::tell(std::string method, std::string target) {
  CO_TRY(co_await exchange(std::move(method), std::move(target), {}));
  co_return Result<void>();
}

}  // namespace holdfast::cli
