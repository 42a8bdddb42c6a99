#include "net/support_test.h"

#include "base/check.h"
#include "base/number.h"
#include "net/address.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>

namespace holdfast::net::testing {
namespace {

namespace asio = boost::asio;
constexpr timeval receive_time_max{.tv_sec = 20, .tv_usec = 0};
constexpr std::size_t piece_bytes = 64 * kib;

std::uint64_t number_after(std::string_view text, std::string_view prefix) {
  text.remove_prefix(std::min(prefix.size(), text.size()));
  return parse_number<std::uint64_t>(text.substr(0, text.find_first_not_of("0123456789")))
      .value_or(0);
}

ResponseHead head_of(unsigned status, std::optional<std::uint64_t> length = {}) {
  return {.status = status, .content_length = length};
}

Task<void> count_body(Exchange& exchange) {
  std::vector<std::byte> piece(piece_bytes);
  std::uint64_t size = 0;
  std::uint64_t sum = 0;
  for (;;) {
    const auto got = co_await exchange.read(piece);
    if (!got) co_return;
    if (*got == 0) break;
    size += *got;
    for (std::size_t i = 0; i < *got; ++i) sum += static_cast<unsigned>(piece[i]);
  }
  (void)co_await exchange.respond(head_of(200), fmt::format("{} {}", size, sum));
}

Task<void> echo_whole(Exchange& exchange) {
  std::string body;
  std::array<std::byte, 100> piece;
  for (;;) {
    const auto got = co_await exchange.read(piece);
    if (!got) co_return;
    if (*got == 0) break;
    body.append(as_text(MutableByteView(piece).first(*got)));
  }
  (void)co_await exchange.respond(head_of(200), std::move(body));
}

Task<void> send_big(Exchange& exchange, std::uint64_t size) {
  const std::vector<std::byte> piece(piece_bytes, std::byte{'x'});
  (void)co_await exchange.start(head_of(200, size));
  while (size > 0) {
    const auto part = ByteView(piece).first(std::min<std::uint64_t>(size, piece.size()));
    if (!co_await exchange.write(part)) co_return;
    written_bytes() += part.size();
    size -= part.size();
  }
}

Task<void> send_chunks(Exchange& exchange) {
  (void)co_await exchange.start(head_of(200));
  for (const std::string_view piece : {"one", "", "two", "three"}) {
    (void)co_await exchange.write(as_bytes(piece));
  }
}

// 1, 2, 3, … bytes, `count` times, with an empty piece among them, all in one write.
Task<void> send_pieces(Exchange& exchange, std::size_t count, std::optional<std::uint64_t> size) {
  const std::vector<std::byte> bytes(count, std::byte{'y'});
  std::vector<ByteView> pieces{ByteView()};
  for (std::size_t i = 1; i <= count; ++i) pieces.push_back(ByteView(bytes).first(i));
  (void)co_await exchange.start(head_of(200, size));
  (void)co_await exchange.write(pieces);
}

Task<void> echo_raw(Exchange& exchange) {
  ResponseHead head = head_of(101);
  head.headers.add("Upgrade", "echo");
  auto raw = co_await exchange.upgrade(std::move(head));
  if (!raw) co_return;
  std::array<std::byte, 64> piece;
  for (;;) {
    const auto got = co_await (*raw)->read(piece);
    if (!got || *got == 0) break;
    if (!co_await (*raw)->write(ByteView(piece).first(*got))) break;
  }
  (void)(*raw)->end();
}

}  // namespace

Peer::Peer(const std::string& address, int receive_bytes) {
  const Endpoint endpoint = parse_endpoint(address).value();
  socket_ = ::socket(endpoint.protocol().family(), SOCK_STREAM, 0);
  check(socket_ >= 0, "a socket can be had");
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &receive_time_max, sizeof receive_time_max);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &receive_time_max, sizeof receive_time_max);
  if (receive_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  EXPECT_EQ(::connect(socket_, endpoint.data(), static_cast<socklen_t>(endpoint.size())), 0);
}

Peer::~Peer() {
  ::close(socket_);
}

bool Peer::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Peer::end() {
  ::shutdown(socket_, SHUT_WR);
}

std::string Peer::receive(std::size_t size) {
  std::array<char, piece_bytes> piece;
  while (received_.size() < size) {
    const std::size_t wanted = std::min(piece.size(), size - received_.size());
    const ssize_t got = ::recv(socket_, piece.data(), wanted, 0);
    if (got < 0 && errno == EAGAIN) ADD_FAILURE() << "nothing came for too long";
    if (got <= 0) break;
    received_.append(piece.data(), static_cast<std::size_t>(got));
  }
  std::string result = received_.substr(0, size);
  received_.erase(0, size);
  return result;
}

std::string Peer::receive_to_end() {
  return receive(std::string::npos / 2);
}

std::string Peer::receive_until(std::string_view mark) {
  std::string result;
  while (!result.ends_with(mark)) {
    const std::string next = receive(1);
    if (next.empty()) break;
    result += next;
  }
  return result;
}

std::string Peer::receive_answer() {
  std::string answer = receive_until("\r\n\r\n");
  constexpr std::string_view length = "Content-Length: ";
  const std::size_t place = answer.find(length);
  if (place == std::string::npos) return answer;
  return answer + receive(number_after(std::string_view(answer).substr(place), length));
}

RunningServer::RunningServer(Handler handler, ServerLimits limits,
                             std::optional<Certificate> certificate, const std::string& address)
    : work_(loop_.get_executor()),
      server_(std::make_unique<Server>(loop_.get_executor(), std::move(handler), limits)),
      address_(server_->listen(address, std::move(certificate)).value()),
      thread_([this] { loop_.run(); }) {}

// What is thrown here ends the test program, as it should.
// NOLINTNEXTLINE(bugprone-exception-escape)
RunningServer::~RunningServer() {
  drain({});
  work_.reset();
  thread_.join();
  EXPECT_TRUE(is_drained_);
}

void RunningServer::drain(Duration patience) {
  asio::co_spawn(loop_, drain_and_note(*this, patience), rethrow);
}

Task<void> RunningServer::drain_and_note(RunningServer& self, Duration patience) {
  co_await self.server_->drain(patience);
  self.is_drained_ = true;
}

std::size_t RunningServer::connection_count() {
  std::promise<std::size_t> count;
  asio::post(loop_, [&] { count.set_value(server_->connection_count()); });
  return count.get_future().get();
}

Result<void> RunningServer::reload(Certificate certificate) {
  std::promise<Result<void>> done;
  asio::post(loop_, [&] { done.set_value(server_->reload(std::move(certificate))); });
  return done.get_future().get();
}

std::atomic<std::uint64_t>& written_bytes() {
  static std::atomic<std::uint64_t> count;
  return count;
}

// GET /hello, any /count (size and sum of the body), any /echo, GET /big/SIZE, GET /chunks,
// GET /raw (upgrade); /deny answers 403 without reading, /short and /long lie about their length,
// /throw and /silent do not answer, /peer tells who asks, /header gives back the field X-Test.
Task<void> answer_for_test(Exchange& exchange) {
  const std::string_view target = exchange.request().target;
  if (target == "/count") co_return co_await count_body(exchange);
  if (target == "/echo") co_return co_await echo_whole(exchange);
  if (target.starts_with("/big/")) {
    co_return co_await send_big(exchange, number_after(target, "/big/"));
  }
  if (target.starts_with("/pieces/")) {
    const auto count = static_cast<std::size_t>(number_after(target, "/pieces/"));
    co_return co_await send_pieces(exchange, count, count * (count + 1) / 2);
  }
  if (target == "/pieces-in-chunk") {
    co_return co_await send_pieces(exchange, 3, std::nullopt);
  }
  if (target == "/chunks") co_return co_await send_chunks(exchange);
  if (target == "/raw") co_return co_await echo_raw(exchange);
  if (target == "/throw") throw std::runtime_error("thrown by a test");
  if (target == "/silent") co_return;
  if (target == "/deny") {
    (void)co_await exchange.respond(head_of(403), "no");
  } else if (target == "/short" || target == "/long") {
    (void)co_await exchange.start(head_of(200, target == "/short" ? 100 : 3));
    (void)co_await exchange.write(as_bytes("four"));
  } else if (target == "/peer") {
    (void)co_await exchange.respond(
        head_of(200), fmt::format("{} {}", exchange.request().peer, exchange.request().is_secure));
  } else if (target == "/header") {
    ResponseHead head = head_of(200);
    head.headers.add("X-Test", std::string(exchange.request().headers.find("x-TEST").value_or("")));
    head.headers.add("X-Split", "a\r\nX-Injected: b");
    (void)co_await exchange.respond(std::move(head), "ok");
  } else if (target == "/nothing") {
    (void)co_await exchange.respond(head_of(204), {});
  } else {
    (void)co_await exchange.respond(head_of(200), "hello");
  }
}

}  // namespace holdfast::net::testing
