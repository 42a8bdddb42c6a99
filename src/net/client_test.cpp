#include "net/client.h"

#include "net/support_test.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
using testing::answer_for_test;
using testing::RunningServer;

struct Answer {
  unsigned status = 0;
  std::string body;
};

Task<void> send_and_keep(Client& client, ClientRequest request, Result<Answer>& into) {
  auto response = co_await client.send(std::move(request));
  if (!response) {
    into = std::unexpected(response.error());
    co_return;
  }
  auto body = co_await Client::read_all(**response, 64 * mib);
  if (!body) {
    into = std::unexpected(body.error());
    co_return;
  }
  into = Answer{.status = (*response)->status(), .body = *std::move(body)};
}

Result<Answer> send(asio::io_context& loop, Client& client, ClientRequest request) {
  Result<Answer> answer = fail(ErrorCode::io, "the loop ended early");
  asio::co_spawn(loop, send_and_keep(client, std::move(request), answer), rethrow);
  loop.restart();
  loop.run();
  return answer;
}

Result<Answer> get(asio::io_context& loop, Client& client, std::string target) {
  ClientRequest request;
  request.target = std::move(target);
  return send(loop, client, std::move(request));
}

ClientRequest put(std::string target, std::string_view body) {
  ClientRequest request;
  request.method = "PUT";
  request.target = std::move(target);
  request.body = as_bytes(body);
  return request;
}

// A PEM file that lives as long as this.
class PemFile {
 public:
  explicit PemFile(const std::string& text)
      : path_(fmt::format("/tmp/holdfast-net-test-{}.pem", ::getpid())) {
    std::FILE* file = std::fopen(path_.c_str(), "w");
    EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
    std::fclose(file);
  }
  ~PemFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Certificate certificate_for(const std::string& host) {
  const WallTime now{std::chrono::system_clock::now().time_since_epoch()};
  return make_self_signed({host}, now, 10).value();
}

TEST(Client, ReusesItsConnection) {
  RunningServer running(answer_for_test);
  asio::io_context loop;
  Client client(loop.get_executor(), {.endpoint = "http://" + running.address()});
  const auto first = get(loop, client, "/peer").value();
  EXPECT_EQ(first.status, 200u);
  EXPECT_TRUE(first.body.starts_with("127.0.0.1:"));
  EXPECT_EQ(get(loop, client, "/chunks")->body, "onetwothree");
  EXPECT_EQ(get(loop, client, "/nothing")->status, 204u);
  EXPECT_EQ(get(loop, client, "/deny")->status, 403u);
  EXPECT_EQ(get(loop, client, "/peer")->body, first.body);
}

TEST(Client, BodiesGoBothWays) {
  RunningServer running(answer_for_test);
  asio::io_context loop;
  Client client(loop.get_executor(), {.endpoint = "http://" + running.address()});
  EXPECT_EQ(send(loop, client, put("/echo", "small"))->body, "small");
  const std::string large(10 * mib + 1, '\2');
  EXPECT_EQ(send(loop, client, put("/count", large))->body,
            fmt::format("{} {}", large.size(), 2 * large.size()));
  EXPECT_EQ(get(loop, client, "/big/8000000")->body, std::string(8'000'000, 'x'));
}

// Gives `left` bytes of 1, at most 1,000 at a time, then fails if `fails`.
struct Source {
  Task<Result<std::size_t>> next(MutableByteView into) {
    if (left == 0 && fails) co_return fail(ErrorCode::corrupt, "the source fails");
    const std::size_t size = std::min<std::size_t>({into.size(), left, 1000});
    std::fill_n(into.begin(), size, std::byte{1});
    left -= size;
    co_return size;
  }

  std::size_t left;
  bool fails = false;
};

ClientRequest put_from(Source& source, std::uint64_t length) {
  ClientRequest request = put("/count", {});
  request.body_source = [&source](MutableByteView into) { return source.next(into); };
  request.content_length = length;
  return request;
}

TEST(Client, StreamsABodyFromASource) {
  RunningServer running(answer_for_test);
  asio::io_context loop;
  Client client(loop.get_executor(), {.endpoint = "http://" + running.address()});
  Source whole{.left = 5'000'000};
  EXPECT_EQ(send(loop, client, put_from(whole, 5'000'000))->body, "5000000 5000000");
  Source empty{.left = 0};
  EXPECT_EQ(send(loop, client, put_from(empty, 0))->body, "0 0");
  Source broken{.left = 10'000, .fails = true};
  EXPECT_EQ(send(loop, client, put_from(broken, 20'000)).error().code(), ErrorCode::corrupt);
  Source short_one{.left = 10'000};
  EXPECT_EQ(send(loop, client, put_from(short_one, 20'000)).error().code(), ErrorCode::invalid);
  EXPECT_EQ(get(loop, client, "/hello")->body, "hello");
}

TEST(Client, ABodyOfUnknownLengthGoesInChunks) {
  RunningServer running(answer_for_test);
  asio::io_context loop;
  Client client(loop.get_executor(), {.endpoint = "http://" + running.address()});
  for (const std::size_t size : {0u, 1u, 1'000'001u}) {
    Source source{.left = size};
    ClientRequest request = put_from(source, 0);
    request.content_length.reset();
    EXPECT_EQ(send(loop, client, std::move(request))->body, fmt::format("{0} {0}", size));
  }
  Source broken{.left = 10'000, .fails = true};
  ClientRequest request = put_from(broken, 0);
  request.content_length.reset();
  EXPECT_EQ(send(loop, client, std::move(request)).error().code(), ErrorCode::corrupt);
}

TEST(Client, RepeatsOnceWhatMetAClosedConnection) {
  asio::io_context loop;
  const std::string path = fmt::format("unix:/tmp/holdfast-net-test-{}.sock", ::getpid());
  Client client(loop.get_executor(), {.endpoint = path});
  for (int i = 0; i < 3; ++i) {
    RunningServer running(answer_for_test, {}, {}, path);
    EXPECT_EQ(get(loop, client, "/hello")->body, "hello");
    EXPECT_EQ(send(loop, client, put("/echo", "again"))->body, "again");
  }
  EXPECT_EQ(get(loop, client, "/hello").error().code(), ErrorCode::unavailable);
  // A body that is streamed cannot be sent twice, so it goes only where the connection still is.
  RunningServer running(answer_for_test, {}, {}, path);
  EXPECT_EQ(get(loop, client, "/hello")->body, "hello");
  Source source{.left = 3};
  EXPECT_EQ(send(loop, client, put_from(source, 3))->body, "3 3");
}

TEST(Client, GivesUpWhenNothingComes) {
  RunningServer running(answer_for_test);
  asio::io_context loop;
  Client client(loop.get_executor(), {.endpoint = "http://" + running.address(),
                                      .timeout = std::chrono::milliseconds(50)});
  ClientRequest request = put("/count", {});
  request.headers.add("Transfer-Encoding", "chunked");  // And never a chunk.
  request.method = "POSTPONE";
  EXPECT_EQ(send(loop, client, std::move(request)).error().code(), ErrorCode::timed_out);
}

TEST(Client, ShortAnswersAreFailures) {
  RunningServer running(answer_for_test);
  asio::io_context loop;
  Client client(loop.get_executor(), {.endpoint = "http://" + running.address()});
  EXPECT_FALSE(get(loop, client, "/short"));
  EXPECT_EQ(get(loop, client, "/hello")->body, "hello");
}

Task<void> many(Client& client, int& count) {
  for (int i = 0; i < 50; ++i) {
    Result<Answer> answer = fail(ErrorCode::io, "not sent");
    ClientRequest request;
    request.target = "/hello";
    co_await send_and_keep(client, std::move(request), answer);
    if (answer && answer->body == "hello") ++count;
  }
}

TEST(Client, HoldsItsConnectionsToTheirNumber) {
  RunningServer running(answer_for_test);
  asio::io_context loop;
  Client client(loop.get_executor(),
                {.endpoint = "http://" + running.address(), .connections_max = 3});
  int count = 0;
  for (int i = 0; i < 20; ++i) asio::co_spawn(loop, many(client, count), rethrow);
  loop.run();
  EXPECT_EQ(count, 1000);
  EXPECT_EQ(running.connection_count(), 3u);
}

TEST(Client, NonsenseIsRefusedBeforeItIsSent) {
  asio::io_context loop;
  for (const std::string endpoint : {"localhost", "ftp://a", "http://a:x", "http://a/b", "unix:"}) {
    Client client(loop.get_executor(), {.endpoint = endpoint});
    EXPECT_EQ(get(loop, client, "/").error().code(), ErrorCode::invalid) << endpoint;
  }
  Client client(loop.get_executor(), {.endpoint = "http://127.0.0.1:1"});
  EXPECT_EQ(get(loop, client, "/a b").error().code(), ErrorCode::invalid);
  EXPECT_EQ(get(loop, client, "/a\r\nb").error().code(), ErrorCode::invalid);
  EXPECT_EQ(get(loop, client, "/").error().code(), ErrorCode::unavailable);
}

TEST(Tls, RequestsAndLargeBodiesGoThrough) {
  const Certificate certificate = certificate_for("127.0.0.1");
  RunningServer running(answer_for_test, {}, certificate);
  const PemFile trusted(certificate.chain);
  asio::io_context loop;
  Client client(loop.get_executor(),
                {.endpoint = "https://" + running.address(), .ca_file = trusted.path()});
  EXPECT_TRUE(get(loop, client, "/peer")->body.ends_with(" true"));
  const std::string large(10 * mib + 1, '\2');
  EXPECT_EQ(send(loop, client, put("/count", large))->body,
            fmt::format("{} {}", large.size(), 2 * large.size()));
  EXPECT_EQ(get(loop, client, "/big/8000000")->body, std::string(8'000'000, 'x'));
  EXPECT_EQ(get(loop, client, "/chunks")->body, "onetwothree");
  EXPECT_FALSE(get(loop, client, "/short"));
}

TEST(Tls, OnlyTheRightCertificateIsTrusted) {
  const Certificate certificate = certificate_for("127.0.0.1");
  RunningServer running(answer_for_test, {}, certificate);
  asio::io_context loop;
  const std::string endpoint = "https://" + running.address();
  Client stranger(loop.get_executor(), {.endpoint = endpoint});
  EXPECT_EQ(get(loop, stranger, "/").error().code(), ErrorCode::denied);
  Client careless(loop.get_executor(), {.endpoint = endpoint, .verify_peer = false});
  EXPECT_EQ(get(loop, careless, "/hello")->body, "hello");

  const Certificate other = certificate_for("other.example");
  EXPECT_TRUE(running.reload(other));
  const PemFile trusted(other.chain);
  Client wrong_name(loop.get_executor(), {.endpoint = endpoint, .ca_file = trusted.path()});
  EXPECT_EQ(get(loop, wrong_name, "/").error().code(), ErrorCode::denied);
}

TEST(Tls, ReloadingChangesNewConnectionsOnly) {
  const Certificate old_one = certificate_for("127.0.0.1");
  const Certificate new_one = certificate_for("127.0.0.1");
  RunningServer running(answer_for_test, {}, old_one);
  asio::io_context loop;
  const std::string endpoint = "https://" + running.address();
  const PemFile trusted(old_one.chain);
  Client before(loop.get_executor(), {.endpoint = endpoint, .ca_file = trusted.path()});
  EXPECT_EQ(get(loop, before, "/hello")->body, "hello");
  EXPECT_EQ(running.reload({"nonsense", "nonsense"}).error().code(), ErrorCode::invalid);
  EXPECT_EQ(running.reload({new_one.chain, old_one.private_key}).error().code(),
            ErrorCode::invalid);
  EXPECT_TRUE(running.reload(new_one));
  EXPECT_EQ(get(loop, before, "/hello")->body, "hello");
  Client after(loop.get_executor(), {.endpoint = endpoint, .ca_file = trusted.path()});
  EXPECT_EQ(get(loop, after, "/hello").error().code(), ErrorCode::denied);
}

TEST(Tls, PlainRequestsAreTurnedAway) {
  RunningServer running(answer_for_test, {}, certificate_for("127.0.0.1"));
  asio::io_context loop;
  Client client(loop.get_executor(), {.endpoint = "http://" + running.address()});
  EXPECT_FALSE(get(loop, client, "/hello"));
}

TEST(Certificate, HostsThatCannotBeNamedAreRefused) {
  for (const std::string host : {"", "a b", "a,DNS:evil.example", "ä.example"}) {
    EXPECT_FALSE(make_self_signed({host}, {}, 10)) << host;
  }
  EXPECT_FALSE(make_self_signed({}, {}, 10));
  const WallTime now{std::chrono::hours(24 * 365 * 50)};
  const auto made = make_self_signed({"a.example", "*.a.example", "::1", "10.0.0.1"}, now, 10);
  EXPECT_EQ(expiry(made.value())->since_epoch, now.since_epoch + std::chrono::hours(240));
  EXPECT_FALSE(expiry({"nonsense", {}}));
}

}  // namespace
}  // namespace holdfast::net
