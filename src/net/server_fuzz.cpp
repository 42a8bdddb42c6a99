// Feeds a server's connection what a stranger might send, cut in two at a place that the input
// chooses, and reads what comes back.
#include "base/check.h"
#include "net/connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;

Task<void> read_and_answer(Exchange& exchange) {
  const Request& request = exchange.request();
  check(!request.method.empty() && !request.target.empty(), "a request has a first line");
  check(!(request.is_chunked && request.content_length), "a body has one length");
  // Small and large pieces take different ways through the reader.
  std::vector<std::byte> piece(request.target.size() % 2 == 0 ? 7 : 8 * kib);
  std::uint64_t size = 0;
  for (;;) {
    const auto got = co_await exchange.read(piece);
    if (!got) co_return;
    if (*got == 0) break;
    size += *got;
  }
  check(!request.content_length || size == *request.content_length, "a body has its length");
  check(request.content_length || request.is_chunked || size == 0, "no body comes from nowhere");
  ResponseHead head;
  for (const auto& [name, value] : request.headers.fields()) head.headers.add("X-" + name, value);
  if (size % 2 == 0) {
    (void)co_await exchange.respond(std::move(head), "ok");
  } else if (co_await exchange.start(std::move(head))) {
    (void)co_await exchange.write(as_bytes("ok"));
  }
}

void send(int socket, std::string_view text) {
  (void)!::send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void check_answers(std::string_view received) {
  check(received.empty() || received.starts_with("HTTP/1.1 "), "what is sent is an answer");
  check(received.find('\0') == std::string_view::npos, "no field carries what no field may");
}

void run(std::string_view input) {
  static asio::io_context loop;
  std::array<int, 2> ends;
  check(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0, "a pair of sockets can be had");
  auto service = std::make_shared<Service>();
  service->handler = read_and_answer;
  service->limits.head_bytes_max = 2 * kib;
  service->sweep = std::make_shared<Sweep>(loop.get_executor(), std::chrono::seconds(1));
  Socket socket(loop, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
  auto connection = std::make_shared<Connection>(service, std::move(socket), "");
  asio::co_spawn(loop, Connection::serve(std::move(connection), {}), rethrow);

  const std::size_t cut =
      input.empty() ? 0 : static_cast<unsigned char>(input.back()) * input.size() / 256;
  send(ends[1], input.substr(0, cut));
  loop.restart();
  loop.poll();
  send(ends[1], input.substr(cut));
  ::shutdown(ends[1], SHUT_WR);
  loop.restart();
  loop.run();
  check(service->present_count == 0, "the connection has ended");

  std::string received;
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t got = ::recv(ends[1], piece.data(), piece.size(), MSG_DONTWAIT);
    if (got <= 0) break;
    received.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[1]);
  check_answers(received);
}

}  // namespace
}  // namespace holdfast::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  holdfast::net::run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
