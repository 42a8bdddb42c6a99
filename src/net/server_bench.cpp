// What a request of 1 KiB costs this server, beside a bare Beast server of the kind that its
// examples show: both on one loop, asked by the same peers over loopback, keep-alive. The time
// reported is CPU time of the server's thread alone, or of the client's where that is the subject.
#include "net/server.h"

#include "net/client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <benchmark/benchmark.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <future>
#include <thread>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t body_bytes = 1024;
constexpr int peers_count = 64;

// As long as the signed requests that clients of an object store send.
constexpr std::string_view question =
    "GET /bucket/some/folder/object-0000000001 HTTP/1.1\r\n"
    "Host: 127.0.0.1:9000\r\n"
    "Accept-Encoding: identity\r\n"
    "User-Agent: Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1 lang/python#3.11\r\n"
    "X-Amz-Date: 20250101T000000Z\r\n"
    "X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20250101/us-east-1/s3/"
    "aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
    "Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "\r\n";

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Task<void> answer_ours(Exchange& exchange) {
  ResponseHead head;
  head.headers.add("Content-Type", "application/octet-stream");
  head.headers.add("ETag", "\"0123456789abcdef0123456789abcdef\"");
  head.headers.add("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT");
  (void)co_await exchange.respond(std::move(head), std::string(body_bytes, 'x'));
}

Task<void> answer_bare(tcp::socket socket) {
  socket.set_option(tcp::no_delay(true));
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer unread;
  for (;;) {
    http::request<http::string_body> asked;
    const auto [read_error, got] = co_await http::async_read(stream, unread, asked, as_result);
    if (read_error) co_return;
    http::response<http::string_body> answer(http::status::ok, asked.version());
    answer.set(http::field::date, "Wed, 01 Jan 2025 00:00:00 GMT");
    answer.set(http::field::content_type, "application/octet-stream");
    answer.set(http::field::etag, "\"0123456789abcdef0123456789abcdef\"");
    answer.set(http::field::last_modified, "Wed, 01 Jan 2025 00:00:00 GMT");
    answer.body() = std::string(body_bytes, 'x');
    answer.prepare_payload();
    const auto [write_error, sent] = co_await http::async_write(stream, answer, as_result);
    if (write_error) co_return;
  }
}

Task<void> accept_bare(tcp::acceptor& acceptor) {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(as_result);
    if (error) co_return;
    asio::co_spawn(acceptor.get_executor(), answer_bare(std::move(socket)), rethrow);
  }
}

// Peers that each ask again as soon as they have their answer, on the calling thread.
class Peers {
 public:
  explicit Peers(std::uint16_t port) : events_(::epoll_create1(0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < peers_count; ++i) {
      const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
      if (::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
      epoll_event wanted{.events = EPOLLIN, .data = {.fd = peer}};
      ::epoll_ctl(events_, EPOLL_CTL_ADD, peer, &wanted);
      sockets_.push_back(peer);
    }
  }
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  ~Peers() {
    for (const int peer : sockets_) ::close(peer);
    ::close(events_);
  }

  // All ask `rounds` times; one answer comes in one piece, being small.
  void ask(std::int64_t rounds) {
    for (const int peer : sockets_) ask_once(peer);
    std::int64_t left = rounds * peers_count;
    std::int64_t to_ask = left - peers_count;
    std::array<epoll_event, peers_count> ready;
    std::array<char, 8192> answer;
    while (left > 0) {
      const int count = ::epoll_wait(events_, ready.data(), peers_count, -1);
      for (int i = 0; i < count; ++i) {
        const int peer = ready[static_cast<std::size_t>(i)].data.fd;
        if (::recv(peer, answer.data(), answer.size(), 0) < static_cast<ssize_t>(body_bytes)) {
          std::abort();
        }
        --left;
        if (to_ask-- > 0) ask_once(peer);
      }
    }
  }

 private:
  static void ask_once(int peer) {
    if (::send(peer, question.data(), question.size(), 0) < 0) std::abort();
  }

  int events_;
  std::vector<int> sockets_;
};

// Runs a loop on a thread of its own and tells the CPU time that it took.
class LoopThread {
 public:
  LoopThread() : work_(loop.get_executor()), thread_([this] { loop.run(); }) {}
  ~LoopThread() { stop(); }

  // What the loop serves may go only after this.
  void stop() {
    loop.stop();
    if (thread_.joinable()) thread_.join();
  }
  double seconds() {
    std::promise<double> told;
    asio::post(loop, [&] { told.set_value(thread_seconds()); });
    return told.get_future().get();
  }

  asio::io_context loop{1};

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

constexpr std::int64_t rounds_per_iteration = 20;

void measure(benchmark::State& state, LoopThread& server, std::uint16_t port) {
  Peers peers(port);
  peers.ask(10);
  for (auto _ : state) {
    const double before = server.seconds();
    peers.ask(rounds_per_iteration);
    state.SetIterationTime(server.seconds() - before);
  }
  state.SetItemsProcessed(state.iterations() * rounds_per_iteration * peers_count);
  server.stop();
}

void get_1_kib_from_bare_beast(benchmark::State& state) {
  LoopThread server;
  tcp::acceptor acceptor(server.loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  asio::co_spawn(server.loop, accept_bare(acceptor), rethrow);
  measure(state, server, acceptor.local_endpoint().port());
}
BENCHMARK(get_1_kib_from_bare_beast)->UseManualTime();

void get_1_kib(benchmark::State& state) {
  LoopThread server;
  Server ours(server.loop.get_executor(), answer_ours);
  const std::string address = ours.listen("127.0.0.1:0").value();
  const auto port = std::stoul(address.substr(address.find(':') + 1));
  measure(state, server, static_cast<std::uint16_t>(port));
}
BENCHMARK(get_1_kib)->UseManualTime();

constexpr std::size_t large_bytes = 64 * mib;
constexpr std::size_t piece_bytes = mib;

// GET gives large_bytes, PUT takes what comes.
Task<void> move_much(Exchange& exchange) {
  std::vector<std::byte> piece(piece_bytes);
  ResponseHead head;
  if (exchange.request().method == "GET") {
    head.content_length = large_bytes;
    (void)co_await exchange.start(std::move(head));
    for (std::size_t sent = 0; sent < large_bytes; sent += piece.size()) {
      if (!co_await exchange.write(piece)) co_return;
    }
    co_return;
  }
  for (;;) {
    const auto got = co_await exchange.read(piece);
    if (!got || *got == 0) break;
  }
  (void)co_await exchange.respond(std::move(head), {});
}

// Sends `count` requests, one after the other, and reads the answers to their ends.
Task<void> ask(Client& client, std::int64_t count, ByteView body) {
  std::vector<std::byte> piece(piece_bytes);
  for (std::int64_t i = 0; i < count; ++i) {
    ClientRequest request;
    if (!body.empty()) request.method = "PUT";
    request.body = body;
    const auto response = co_await client.send(std::move(request));
    if (!response || (*response)->status() != 200) std::abort();
    for (;;) {
      const auto got = co_await (*response)->read(piece);
      if (!got) std::abort();
      if (*got == 0) break;
    }
  }
}

// One client on this thread; `asks_count` of them ask at a time.
void measure_client(benchmark::State& state, const Handler& handler, std::int64_t asks_count,
                    std::int64_t rounds, ByteView body) {
  LoopThread server;
  Server ours(server.loop.get_executor(), handler);
  asio::io_context loop{1};
  Client client(loop.get_executor(), {.endpoint = "http://" + ours.listen("127.0.0.1:0").value()});
  double server_seconds = 0;
  double client_seconds = 0;
  for (auto _ : state) {
    const double server_before = server.seconds();
    const double client_before = thread_seconds();
    for (int i = 0; i < asks_count; ++i) {
      asio::co_spawn(loop, ask(client, rounds, body), rethrow);
    }
    loop.restart();
    loop.run();
    client_seconds += thread_seconds() - client_before;
    server_seconds += server.seconds() - server_before;
    state.SetIterationTime(thread_seconds() - client_before);
  }
  const auto requests = static_cast<double>(state.iterations() * asks_count * rounds);
  state.counters["client_us_per_request"] = 1e6 * client_seconds / requests;
  state.counters["server_us_per_request"] = 1e6 * server_seconds / requests;
  server.stop();
}

void client_get_1_kib(benchmark::State& state) {
  measure_client(state, answer_ours, peers_count, 20, {});
}
BENCHMARK(client_get_1_kib)->UseManualTime();

void get_64_mib(benchmark::State& state) {
  measure_client(state, move_much, 4, 1, {});
}
BENCHMARK(get_64_mib)->UseManualTime();

void put_64_mib(benchmark::State& state) {
  const Bytes body(large_bytes);
  measure_client(state, move_much, 4, 1, body);
}
BENCHMARK(put_64_mib)->UseManualTime();

}  // namespace
}  // namespace holdfast::net
