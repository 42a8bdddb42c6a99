#include "net/server.h"

#include "net/address.h"
#include "net/support_test.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace holdfast::net {
namespace {

using std::chrono::milliseconds;
using testing::answer_for_test;
using testing::Peer;
using testing::RunningServer;

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

std::string request(std::string_view line, std::string_view fields = {},
                    std::string_view body = {}) {
  return fmt::format("{} HTTP/1.1\r\nHost: a\r\n{}\r\n{}", line, fields, body);
}

// The status of the answer to `text`, after which the connection must be closed.
std::string refusal_of(RunningServer& running, std::string_view text) {
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(text));
  const std::string answer = peer.receive_answer();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(peer.is_closed());
  return answer.substr(0, answer.find("\r\n"));
}

// Answers /hello on a connection of its own.
void expect_serving(RunningServer& running) {
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(get_hello));
  EXPECT_TRUE(peer.receive_answer().ends_with("\r\n\r\nhello"));
}

TEST(Server, AnswersAndKeepsTheConnection) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(peer.send(get_hello));
    const std::string answer = peer.receive_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos);
    EXPECT_NE(answer.find(" GMT\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello"));
  }
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  std::string many;
  for (int i = 0; i < 50; ++i) {
    const std::string body = fmt::format("body {}", i);
    many += request("POST /echo", fmt::format("Content-Length: {}\r\n", body.size()), body);
    many += request("POST /echo", "Transfer-Encoding: chunked\r\n",
                    fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", body.size(), body));
    many += request("GET /deny", "Content-Length: 3\r\n", "abc");
  }
  EXPECT_TRUE(peer.send(many));
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(peer.receive_answer().ends_with(fmt::format("\r\n\r\nbody {}", i)));
    EXPECT_TRUE(peer.receive_answer().ends_with(fmt::format("\r\n\r\nbody {}", i)));
    EXPECT_TRUE(peer.receive_answer().ends_with("\r\n\r\nno"));
  }
}

TEST(Server, BytesMayComeOneByOne) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  const std::string text =
      "\r\n" + request("POST /echo", "Transfer-Encoding: chunked\r\n",
                       "3;ext=\"1\"\r\nabc\r\n04\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n");
  for (const char c : text) EXPECT_TRUE(peer.send({&c, 1}));
  EXPECT_TRUE(peer.receive_answer().ends_with("\r\n\r\nabcdefg"));
  EXPECT_TRUE(peer.send(get_hello));
  EXPECT_TRUE(peer.receive_answer().ends_with("\r\n\r\nhello"));
}

TEST(Server, LargeBodiesArriveWhole) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  const std::string body(8 * mib + 7, '\3');
  const std::string expected = fmt::format("\r\n\r\n{} {}", body.size(), 3 * body.size());
  EXPECT_TRUE(
      peer.send(request("PUT /count", fmt::format("Content-Length: {}\r\n", body.size()), body)));
  EXPECT_TRUE(peer.receive_answer().ends_with(expected));

  EXPECT_TRUE(peer.send(request("PUT /count", "Transfer-Encoding: chunked\r\n")));
  for (std::size_t sent = 0; sent < body.size();) {
    const std::size_t size = std::min<std::size_t>(100'003, body.size() - sent);
    EXPECT_TRUE(peer.send(fmt::format("{:x}\r\n", size)));
    EXPECT_TRUE(peer.send(std::string_view(body).substr(sent, size)));
    EXPECT_TRUE(peer.send("\r\n"));
    sent += size;
  }
  EXPECT_TRUE(peer.send("0\r\n\r\n"));
  EXPECT_TRUE(peer.receive_answer().ends_with(expected));
}

TEST(Server, LargeAnswersArriveWhole) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("GET /big/8000001")));
  const std::string answer = peer.receive_answer();
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + std::string(8'000'001, 'x')));
}

TEST(Server, PiecesGoOutTogether) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("GET /pieces/1000")));
  EXPECT_TRUE(peer.receive_answer().ends_with("\r\n\r\n" + std::string(500'500, 'y')));
  EXPECT_TRUE(peer.send(request("GET /pieces-in-chunk")));
  EXPECT_TRUE(peer.receive_until("0\r\n\r\n").ends_with("\r\n\r\n6\r\nyyyyyy\r\n0\r\n\r\n"));
}

TEST(Server, SlowReaderHoldsTheHandlerBack) {
  RunningServer running(answer_for_test);
  constexpr std::uint64_t size = 512 * mib;
  const std::uint64_t before = testing::written_bytes();
  Peer peer(running.address(), 16 * 1024);
  EXPECT_TRUE(peer.send(request(fmt::format("GET /big/{}", size))));
  EXPECT_TRUE(peer.receive_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(peer.receive(10'000), std::string(10'000, 'x'));
  // What was written and not received can only be in the system's buffers.
  EXPECT_LT(testing::written_bytes() - before, 64 * mib);
}

TEST(Server, UnknownLengthIsSentInChunks) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("GET /chunks")));
  EXPECT_NE(peer.receive_until("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(peer.receive_until("0\r\n\r\n"), "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
  EXPECT_TRUE(peer.send(get_hello));
  EXPECT_TRUE(peer.receive_answer().ends_with("hello"));
}

TEST(Server, OldProtocolGetsNoChunksAndClosesUnlessAsked) {
  RunningServer running(answer_for_test);
  Peer chunks(running.address());
  EXPECT_TRUE(chunks.send("GET /chunks HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(chunks.receive_to_end().ends_with("\r\n\r\nonetwothree"));
  Peer kept(running.address());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    const std::string answer = kept.receive_answer();
    EXPECT_NE(answer.find("Connection: keep-alive\r\n"), std::string::npos) << answer;
  }
}

TEST(Server, HeadAndNoContentHaveNoBody) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("HEAD /hello") + request("HEAD /chunks") +
                        request("HEAD /big/1000") + request("GET /nothing") +
                        std::string(get_hello)));
  EXPECT_NE(peer.receive_until("\r\n\r\n").find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(peer.receive_until("\r\n\r\n").find("chunked"), std::string::npos);
  EXPECT_NE(peer.receive_until("\r\n\r\n").find("Content-Length: 1000\r\n"), std::string::npos);
  const std::string nothing = peer.receive_until("\r\n\r\n");
  EXPECT_TRUE(nothing.starts_with("HTTP/1.1 204 No Content\r\n")) << nothing;
  EXPECT_EQ(nothing.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(peer.receive_answer().ends_with("\r\n\r\nhello"));
}

TEST(Server, ContinueIsSentOnlyWhenTheBodyIsWanted) {
  RunningServer running(answer_for_test);
  Peer wanted(running.address());
  constexpr std::string_view fields = "Expect: 100-continue\r\nContent-Length: 3\r\n";
  EXPECT_TRUE(wanted.send(request("PUT /echo", fields)));
  EXPECT_EQ(wanted.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(wanted.send("abc"));
  EXPECT_TRUE(wanted.receive_answer().ends_with("\r\n\r\nabc"));
  EXPECT_TRUE(wanted.send(get_hello));
  EXPECT_TRUE(wanted.receive_answer().ends_with("hello"));

  Peer empty(running.address());
  constexpr std::string_view no_bytes = "Expect: 100-continue\r\nContent-Length: 0\r\n";
  EXPECT_TRUE(empty.send(request("PUT /echo", no_bytes)));
  EXPECT_EQ(empty.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(empty.receive_answer().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(empty.send(get_hello));
  EXPECT_TRUE(empty.receive_answer().ends_with("hello"));

  Peer unwanted(running.address());
  EXPECT_TRUE(unwanted.send(request("PUT /deny", fields)));
  const std::string answer = unwanted.receive_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST(Server, EarlyAnswerReachesAPeerThatStillSends) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  const std::string piece(mib, 'x');
  EXPECT_TRUE(peer.send(request("PUT /deny", "Content-Length: 50000000\r\n", piece)));
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(peer.send(piece));
  const std::string answer = peer.receive_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  peer.end();
  EXPECT_TRUE(peer.is_closed());
}

TEST(Server, DoubtfulRequestsAreRefusedAndTheConnectionClosed) {
  RunningServer running(answer_for_test);
  const auto refuse = [&](std::string_view line, std::string_view fields,
                          std::string_view body = "0\r\n\r\n") {
    return refusal_of(running, request(line, fields, body)).substr(0, 12);
  };
  constexpr std::string_view bad = "HTTP/1.1 400";
  EXPECT_EQ(refuse("PUT /", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), bad);
  EXPECT_EQ(refuse("PUT /", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), bad);
  EXPECT_EQ(refuse("PUT /", "Content-Length: 5\r\nContent-Length: 6\r\n"), bad);
  EXPECT_EQ(refuse("PUT /", "Content-Length: +5\r\n"), bad);
  EXPECT_EQ(refuse("PUT /", "Content-Length: 5, 5\r\n"), bad);
  EXPECT_EQ(refuse("PUT /", "Content-Length: 99999999999999999999\r\n"), bad);
  EXPECT_EQ(refuse("PUT /", "Content-Length: \r\n"), bad);
  EXPECT_EQ(refuse("PUT /", "Transfer-Encoding: gzip, chunked\r\n"), "HTTP/1.1 501");
  EXPECT_EQ(refuse("PUT /", "Transfer-Encoding: xchunked\r\n"), "HTTP/1.1 501");
  EXPECT_EQ(refuse("PUT /", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), bad);
  EXPECT_EQ(refuse("GET /", "A: b\r\n folded: c\r\n"), bad);
  EXPECT_EQ(refuse("GET /", "A : b\r\n"), bad);
  EXPECT_EQ(refuse("GET /", ": b\r\n"), bad);
  EXPECT_EQ(refuse("GET /", std::string_view("A: b\0c\r\n", 8)), bad);
  EXPECT_EQ(refuse("GET /", "A: b\n"), bad);
  EXPECT_EQ(refuse("GET /", "A: b\rc\r\n"), bad);
  EXPECT_EQ(refuse("GET /", "Host: b\r\n"), bad);
  EXPECT_EQ(refuse("GET /", "Expect: a-miracle\r\n"), "HTTP/1.1 417");
  EXPECT_EQ(refuse("GET x", ""), bad);
  EXPECT_EQ(refusal_of(running, "GET / HTTP/1.1\r\n\r\n").substr(0, 12), bad);
  EXPECT_EQ(refusal_of(running, "GET / HTTP/2.0\r\nHost: a\r\n\r\n").substr(0, 12), "HTTP/1.1 505");
  EXPECT_EQ(refusal_of(running, "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                .substr(0, 12),
            bad);
  expect_serving(running);
}

TEST(Server, BrokenChunksAreRefused) {
  RunningServer running(answer_for_test);
  for (const std::string_view body :
       {"x\r\n", "-1\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "fffffffffffffffff\r\n", "\r\n",
        "0\r\n x: y\r\n\r\n"}) {
    const std::string text = request("PUT /echo", "Transfer-Encoding: chunked\r\n", body);
    EXPECT_EQ(refusal_of(running, text).substr(0, 12), "HTTP/1.1 400") << body;
  }
  expect_serving(running);
}

TEST(Server, NoiseIsRefusedAtOnce) {
  RunningServer running(answer_for_test);
  EXPECT_EQ(refusal_of(running, std::string_view("\x16\x03\x01\x00\xa5", 5)).substr(0, 12),
            "HTTP/1.1 400");
  EXPECT_EQ(refusal_of(running, std::string_view("SSH-2.0-x\x01", 10)).substr(0, 12),
            "HTTP/1.1 400");
  expect_serving(running);
}

TEST(Server, HeadsAreBounded) {
  RunningServer running(answer_for_test, {.head_bytes_max = 8 * kib});
  const std::string long_field = "A: " + std::string(9 * kib, 'x') + "\r\n";
  EXPECT_EQ(refusal_of(running, request("GET /", long_field)).substr(0, 12), "HTTP/1.1 431");
  std::string many_fields;
  for (int i = 0; i < 300; ++i) many_fields += "A: b\r\n";
  EXPECT_EQ(refusal_of(running, request("GET /", many_fields)).substr(0, 12), "HTTP/1.1 431");
  expect_serving(running);
}

TEST(Server, HandlersThatFailAreAnsweredForThem) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("GET /silent") + request("GET /throw") + std::string(get_hello)));
  EXPECT_TRUE(peer.receive_answer().starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(peer.receive_answer().starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(peer.receive_answer().ends_with("hello"));
}

TEST(Server, AnswersOfAnotherLengthCloseTheConnection) {
  RunningServer running(answer_for_test);
  for (const std::string_view target : {"GET /short", "GET /long"}) {
    Peer peer(running.address());
    EXPECT_TRUE(peer.send(request(target) + std::string(get_hello)));
    EXPECT_EQ(peer.receive_to_end().find("hello"), std::string::npos);
  }
}

TEST(Server, ValuesCannotAddFields) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("GET /header", "X-Test: \t v w \r\n")));
  const std::string answer = peer.receive_answer();
  EXPECT_NE(answer.find("X-Test: v w\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("X-Split: a  X-Injected: b\r\n"), std::string::npos) << answer;
}

TEST(Server, AbsoluteTargetsBecomePaths) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("GET http://other.example:1/deny")));
  EXPECT_TRUE(peer.receive_answer().starts_with("HTTP/1.1 403 "));
}

TEST(Server, UpgradeHandsOverWhatWasAlreadySent) {
  RunningServer running(answer_for_test);
  Peer peer(running.address());
  EXPECT_TRUE(peer.send(request("GET /raw", "Connection: upgrade\r\nUpgrade: echo\r\n", "early")));
  const std::string head = peer.receive_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
  EXPECT_NE(head.find("Upgrade: echo\r\n"), std::string::npos);
  EXPECT_EQ(peer.receive(5), "early");
  const std::string more(100'000, 'm');
  EXPECT_TRUE(peer.send(more));
  EXPECT_EQ(peer.receive(more.size()), more);
  peer.end();
  EXPECT_TRUE(peer.is_closed());
}

constexpr ServerLimits hasty{.head_timeout = milliseconds(200),
                             .idle_timeout = milliseconds(400),
                             .stall_timeout = milliseconds(200)};

TEST(Server, SlowPeersAreCutOff) {
  RunningServer running(answer_for_test, hasty);
  Peer idle(running.address());
  Peer slow_head(running.address());
  Peer slow_body(running.address());
  Peer slow_reader(running.address(), 16 * 1024);
  EXPECT_TRUE(slow_head.send("GET / HT"));
  EXPECT_TRUE(slow_body.send(request("PUT /echo", "Content-Length: 5\r\n", "ab")));
  EXPECT_TRUE(slow_reader.send(request("GET /big/500000000")));
  EXPECT_TRUE(slow_head.receive_answer().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(slow_body.receive_answer().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(idle.is_closed());
  while (running.connection_count() > 2) std::this_thread::yield();
  EXPECT_LT(slow_reader.receive_to_end().size(), 500'000'000u);
}

TEST(Server, HeadTimeIsCountedFromItsFirstByte) {
  RunningServer running(answer_for_test, hasty);
  Peer peer(running.address());
  const auto start = std::chrono::steady_clock::now();
  // One byte at a time, each well within any time limit.
  while (peer.send("G") && std::chrono::steady_clock::now() - start < std::chrono::seconds(2)) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_TRUE(peer.receive_answer().starts_with("HTTP/1.1 408 "));
}

TEST(Server, HundredsOfSlowConnectionsDoNotHurt) {
  RunningServer running(answer_for_test);
  std::vector<std::unique_ptr<Peer>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<Peer>(running.address()));
    EXPECT_TRUE(slow.back()->send("GET /hello HTTP/1.1\r\nHo"));
  }
  expect_serving(running);
  for (const auto& peer : slow) {
    EXPECT_TRUE(peer->send("st: a\r\n\r\n"));
    EXPECT_TRUE(peer->receive_answer().ends_with("hello"));
  }
}

TEST(Server, IdleConnectionsMakeRoomForNewOnes) {
  RunningServer running(answer_for_test, {.connections_max = 4});
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 12; ++i) {
    peers.push_back(std::make_unique<Peer>(running.address()));
    EXPECT_TRUE(peers.back()->send(get_hello));
    EXPECT_TRUE(peers.back()->receive_answer().ends_with("hello"));
  }
  EXPECT_LE(running.connection_count(), 5u);
  EXPECT_TRUE(peers.front()->is_closed());
}

TEST(Server, DrainLetsRequestsEndAndClosesIdleConnections) {
  RunningServer running(answer_for_test);
  Peer idle(running.address());
  EXPECT_TRUE(idle.send(get_hello));
  EXPECT_TRUE(idle.receive_answer().ends_with("hello"));
  Peer busy(running.address());
  EXPECT_TRUE(busy.send(request("PUT /count", "Content-Length: 3\r\n", "a")));
  while (running.connection_count() < 2) std::this_thread::yield();
  running.drain(std::chrono::seconds(30));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(running.is_drained());
  EXPECT_TRUE(busy.send("aa"));
  const std::string answer = busy.receive_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(busy.is_closed());
  while (!running.is_drained()) std::this_thread::yield();
}

TEST(Server, DrainAbortsWhatTakesTooLong) {
  RunningServer running(answer_for_test);
  Peer busy(running.address());
  EXPECT_TRUE(busy.send(request("PUT /count", "Content-Length: 3\r\n", "a")));
  Peer raw(running.address());
  EXPECT_TRUE(raw.send(request("GET /raw")));
  EXPECT_TRUE(raw.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
  running.drain(milliseconds(50));
  (void)busy.receive_to_end();
  EXPECT_TRUE(raw.is_closed());
  while (!running.is_drained()) std::this_thread::yield();
}

// As a killed process leaves it.
void leave_dead_socket(const std::string& path) {
  const Endpoint endpoint = unix_endpoint(path).value();
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(::bind(dead, endpoint.data(), static_cast<socklen_t>(endpoint.size())), 0);
  ::close(dead);
}

TEST(Server, UnixSocketIsPrivateAndReplacesADeadOne) {
  const std::string path = fmt::format("/tmp/holdfast-net-test-{}.sock", ::getpid());
  {
    RunningServer running(answer_for_test, {}, {}, "unix:" + path);
    struct stat made{};
    EXPECT_EQ(::stat(path.c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 0777, 0600u);
    Peer peer(running.address());
    EXPECT_TRUE(peer.send(request("GET /peer")));
    EXPECT_TRUE(peer.receive_answer().ends_with("\r\n\r\n false"));

    boost::asio::io_context loop;
    Server second(loop.get_executor(), answer_for_test);
    const auto refused = second.listen("unix:" + path);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::conflict);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  leave_dead_socket(path);
  RunningServer running(answer_for_test, {}, {}, "unix:" + path);
  expect_serving(running);
}

}  // namespace
}  // namespace holdfast::net
