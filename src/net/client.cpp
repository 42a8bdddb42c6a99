#include "net/client.h"

#include "base/sync.h"
#include "net/body.h"
#include "net/head.h"
#include "net/link.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t head_bytes_max = 64 * kib;
constexpr std::size_t receive_bytes = 8 * kib;
constexpr std::size_t idle_bytes_max = 16 * kib;
constexpr std::size_t source_piece_bytes = 256 * kib;
constexpr std::size_t joined_bytes_max = 4 * kib;

constexpr std::string_view unix_scheme = "unix:";
constexpr std::string_view plain_scheme = "http://";
constexpr std::string_view tls_scheme = "https://";

// Where an endpoint's name leads.
struct Destination {
  bool is_tls = false;
  std::string authority;  // For the Host field.
  std::string host;       // For a certificate, and for a name server if `address` is not enough.
  std::uint16_t port = 0;
  std::optional<Endpoint> address;
};

Result<Destination> parse_destination(std::string_view endpoint) {
  Destination destination;
  if (endpoint.starts_with(unix_scheme)) {
    TRY_LET(destination.address, parse_endpoint(endpoint));
    destination.authority = "localhost";
    return destination;
  }
  destination.is_tls = endpoint.starts_with(tls_scheme);
  if (!destination.is_tls && !endpoint.starts_with(plain_scheme)) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no endpoint: write http://HOST:PORT, https://HOST:PORT or "
                            "unix:/PATH",
                            endpoint));
  }
  std::string_view rest = endpoint.substr((destination.is_tls ? tls_scheme : plain_scheme).size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@") != std::string_view::npos) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no endpoint: only host and port are wanted", endpoint));
  }
  destination.authority = rest;
  const bool has_port = rest.rfind(':') != std::string_view::npos && !rest.ends_with(']');
  const std::string full =
      has_port ? std::string(rest) : fmt::format("{}:{}", rest, destination.is_tls ? 443 : 80);
  TRY_LET(HostAndPort parts, split_host_and_port(full));
  destination.host = std::move(parts.host);
  destination.port = parts.port;
  if (auto address = parse_endpoint(full)) destination.address = *address;
  return destination;
}

// A connection between two requests.
struct Pooled {
  std::unique_ptr<Link> link;
  InputBuffer input;
};

}  // namespace

class Client::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor executor, ClientOptions options)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        sweep_(std::make_shared<Sweep>(
            executor_, std::clamp<Duration>(options_.timeout / 4, std::chrono::milliseconds(1),
                                            std::chrono::seconds(1)))),
        slots_(std::max<std::size_t>(options_.connections_max, 1)),
        destination_(parse_destination(options_.endpoint)) {}

  static Task<Result<std::unique_ptr<ClientResponse>>> send(std::shared_ptr<Impl> self,
                                                            ClientRequest request);

  // Keeps a connection on which nothing is under way for the next request.
  void give_back(Pooled pooled) {
    pooled.link->watch(false);
    pooled.input.shrink(idle_bytes_max);
    idle_.push_back(std::move(pooled));
  }

 private:
  class Response;

  Pooled take_idle(bool is_to_be_quiet);
  Task<Result<Pooled>> connect();
  Task<Result<std::vector<Endpoint>>> resolve();
  Task<Result<std::unique_ptr<Link>>> connect_to(const Endpoint& endpoint);
  Result<TlsContext> tls_context();

  Result<std::string> make_head(const ClientRequest& request) const;
  Task<Result<void>> write(Link& link, const ClientRequest& request, std::string head);
  // `is_own_fault` is set when the source failed, not the link.
  Task<Result<void>> write_from_source(Link& link, const ClientRequest& request, std::string head,
                                       bool& is_own_fault);
  Task<Result<void>> write_chunked(Link& link, const ClientRequest& request, std::string head,
                                   bool& is_own_fault);
  Task<Result<AnswerHead>> read_answer(Pooled& pooled);
  static BodyReader body_of(const ClientRequest& request, const AnswerHead& head);

  asio::any_io_executor executor_;
  ClientOptions options_;
  std::shared_ptr<Sweep> sweep_;
  Semaphore slots_;
  Result<Destination> destination_;
  TlsContext tls_;
  std::vector<Pooled> idle_;
};

class Client::Impl::Response final : public ClientResponse {
 public:
  Response(std::shared_ptr<Impl> client, Semaphore::Hold slot, Pooled pooled)
      : client_(std::move(client)), slot_(std::move(slot)), pooled_(std::move(pooled)) {}

  void begin(AnswerHead head, const BodyReader& body) {
    head_ = std::move(head);
    body_ = body;
    if (body_.is_done()) finish();
  }

  unsigned status() const override { return head_.status; }
  const Headers& headers() const override { return head_.headers; }
  std::optional<std::uint64_t> content_length() const override { return head_.content_length; }

  Task<Result<std::size_t>> read(MutableByteView into) override {
    if (!pooled_.link) {
      if (body_.is_done()) co_return std::size_t{0};
      co_return fail(ErrorCode::unavailable, "the answer's body has failed before");
    }
    auto size = co_await body_.read(*pooled_.link, pooled_.input, into, client_->options_.timeout);
    if (!size) {
      pooled_.link.reset();
      slot_.release();
    } else if (body_.is_done()) {
      finish();
    }
    co_return size;
  }

 private:
  void finish() {
    if (head_.keep_alive && pooled_.input.is_empty()) client_->give_back(std::move(pooled_));
    pooled_.link.reset();
    slot_.release();
  }

  std::shared_ptr<Impl> client_;
  Semaphore::Hold slot_;
  Pooled pooled_;
  AnswerHead head_;
  BodyReader body_;
};

Task<Result<std::unique_ptr<ClientResponse>>> Client::Impl::send(std::shared_ptr<Impl> self,
                                                                 ClientRequest request) {
  if (!self->destination_) co_return std::unexpected(self->destination_.error());
  CO_TRY_LET(const std::string request_head, self->make_head(request));
  Semaphore::Hold slot = co_await self->slots_.take();
  const bool is_repeatable = !request.body_source;
  Pooled pooled = self->take_idle(!is_repeatable);
  for (bool is_reused = pooled.link != nullptr;; is_reused = false) {
    if (!pooled.link) {
      CO_TRY_LET(pooled, co_await self->connect());
    }
    bool is_own_fault = false;
    const auto written = is_repeatable ? co_await self->write(*pooled.link, request, request_head)
                                       : co_await self->write_from_source(
                                             *pooled.link, request, request_head, is_own_fault);
    if (is_own_fault) co_return std::unexpected(written.error());
    // A server may answer, and stop listening, before it has heard all.
    auto head = co_await self->read_answer(pooled);
    if (head) {
      head->keep_alive = head->keep_alive && written.has_value();
      const BodyReader body = body_of(request, *head);
      auto response = std::make_unique<Response>(self, std::move(slot), std::move(pooled));
      response->begin(std::move(*head), body);
      co_return response;
    }
    const bool is_gone = head.error().code() == ErrorCode::unavailable && pooled.input.is_empty();
    if (!is_reused || !is_repeatable || !is_gone) {
      Error error = written ? head.error() : written.error();
      co_return std::unexpected(
          std::move(error).within(fmt::format("{} {}", request.method, self->options_.endpoint)));
    }
    pooled = {};
  }
}

Pooled Client::Impl::take_idle(bool is_to_be_quiet) {
  while (!idle_.empty()) {
    Pooled pooled = std::move(idle_.back());
    idle_.pop_back();
    if (is_to_be_quiet && !pooled.link->is_quiet()) continue;
    pooled.link->watch(true);
    return pooled;
  }
  return {};
}

Result<TlsContext> Client::Impl::tls_context() {
  if (!tls_) {
    TRY_LET(tls_, make_client_context(options_.ca_file, options_.verify_peer));
  }
  return tls_;
}

Task<Result<std::vector<Endpoint>>> Client::Impl::resolve() {
  std::vector<Endpoint> endpoints;
  if (destination_->address) {
    endpoints.push_back(*destination_->address);
    co_return endpoints;
  }
  asio::ip::tcp::resolver resolver(executor_);
  const auto [error, found] = co_await resolver.async_resolve(
      destination_->host, std::to_string(destination_->port), as_result);
  if (error) {
    co_return fail(ErrorCode::unavailable,
                   fmt::format("look up {}: {}", destination_->host, error.message()));
  }
  for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
  co_return endpoints;
}

Task<Result<Pooled>> Client::Impl::connect() {
  CO_TRY_LET(const std::vector<Endpoint> endpoints, co_await resolve());
  Result<std::unique_ptr<Link>> link =
      fail(ErrorCode::unavailable, fmt::format("{} has no address", destination_->host));
  for (const Endpoint& endpoint : endpoints) {
    link = co_await connect_to(endpoint);
    if (link) co_return Pooled{.link = std::move(*link), .input = {}};
  }
  co_return std::unexpected(
      std::move(link).error().within(fmt::format("connect to {}", options_.endpoint)));
}

Task<Result<std::unique_ptr<Link>>> Client::Impl::connect_to(const Endpoint& endpoint) {
  Socket socket(executor_);
  boost::system::error_code error;
  (void)socket.open(endpoint.protocol(), error);
  if (error) co_return fail(ErrorCode::io, error.message());
  const int on = 1;
  if (endpoint.protocol().family() != AF_UNIX) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  auto link = std::make_unique<Link>(sweep_, std::move(socket));
  CO_TRY(co_await link->connect(endpoint, sweep_->after(options_.timeout)));
  if (destination_->is_tls) {
    CO_TRY_LET(const TlsContext context, tls_context());
    CO_TRY_LET(TlsSession session,
               open_client_session(context, link->handle(), destination_->host));
    CO_TRY(co_await link->handshake(std::move(session), sweep_->after(options_.timeout)));
  }
  co_return link;
}

Result<std::string> Client::Impl::make_head(const ClientRequest& request) const {
  for (const std::string& word : {request.method, request.target}) {
    const bool is_word = !word.empty() && std::ranges::none_of(word, [](unsigned char c) {
      return c <= 0x20 || c == 0x7f;
    });
    if (!is_word) return fail(ErrorCode::invalid, "a request line of more than one word");
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  if (!request.headers.contains("Host")) append_field(head, "Host", destination_->authority);
  for (const auto& [name, value] : request.headers.fields()) append_field(head, name, value);
  const std::uint64_t length =
      request.body_source ? request.content_length.value_or(0) : request.body.size();
  const bool is_body_usual = request.method == "PUT" || request.method == "POST";
  if (request.body_source && !request.content_length) {
    append_field(head, "Transfer-Encoding", "chunked");
  } else if (length > 0 || request.body_source || is_body_usual) {
    append_field(head, "Content-Length", std::to_string(length));
  }
  head.append("\r\n");
  return head;
}

Task<Result<void>> Client::Impl::write(Link& link, const ClientRequest& request, std::string head) {
  ByteView body = request.body;
  if (body.size() <= joined_bytes_max) {
    head.append(as_text(body));
    body = {};
  }
  std::array pieces{as_bytes(head), body};
  co_return co_await link.write_all(pieces, options_.timeout);
}

// In chunks (RFC 9112, section 7.1), for a body whose length nobody knows before its end.
Task<Result<void>> Client::Impl::write_chunked(Link& link, const ClientRequest& request,
                                               std::string head, bool& is_own_fault) {
  static constexpr std::string_view line_end = "\r\n";
  const auto room = std::make_unique_for_overwrite<std::byte[]>(source_piece_bytes);
  for (;;) {
    is_own_fault = true;
    CO_TRY_LET(const std::size_t got,
               co_await request.body_source({room.get(), source_piece_bytes}));
    is_own_fault = false;
    head += fmt::format("{:x}\r\n", got);
    std::array pieces{as_bytes(head), ByteView(room.get(), got), as_bytes(line_end)};
    CO_TRY(co_await link.write_all(pieces, options_.timeout));
    head.clear();
    if (got == 0) co_return Result<void>();
  }
}

Task<Result<void>> Client::Impl::write_from_source(Link& link, const ClientRequest& request,
                                                   std::string head, bool& is_own_fault) {
  if (!request.content_length) {
    co_return co_await write_chunked(link, request, std::move(head), is_own_fault);
  }
  std::uint64_t left = *request.content_length;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, source_piece_bytes));
  const auto room = std::make_unique_for_overwrite<std::byte[]>(size);
  do {
    MutableByteView piece(room.get(),
                          static_cast<std::size_t>(std::min<std::uint64_t>(left, size)));
    if (left > 0) {
      is_own_fault = true;
      CO_TRY_LET(const std::size_t got, co_await request.body_source(piece));
      if (got == 0) co_return fail(ErrorCode::invalid, "the body ended before its length");
      is_own_fault = false;
      piece = piece.first(got);
      left -= got;
    }
    std::array pieces{as_bytes(head), ByteView(piece)};
    CO_TRY(co_await link.write_all(pieces, options_.timeout));
    head.clear();
  } while (left > 0);
  co_return Result<void>();
}

Task<Result<AnswerHead>> Client::Impl::read_answer(Pooled& pooled) {
  auto& [link, input] = pooled;
  HeadScanner scanner;
  for (;;) {
    const std::string_view received = as_text(input.view());
    const auto state = scanner.scan(received);
    if (state == HeadScanner::State::malformed || scanner.end() > head_bytes_max) {
      co_return fail(ErrorCode::invalid, "what came is no answer of an HTTP server");
    }
    if (state == HeadScanner::State::complete) {
      const std::size_t begin = scanner.begin();
      CO_TRY_LET(AnswerHead head, parse_answer(received.substr(begin, scanner.end() - begin)));
      input.consume(scanner.end());
      // Interim answers are of no interest (RFC 9110, section 15.2).
      if (head.status >= 200 || head.status == 101) co_return head;
      scanner = HeadScanner();
      continue;
    }
    const auto deadline = sweep_->after(options_.timeout);
    CO_TRY_LET(const std::size_t got,
               co_await link->read_some(input.room(receive_bytes), deadline, input.is_empty()));
    if (got == 0) co_return fail(ErrorCode::unavailable, "the server closed the connection");
    input.commit(got);
  }
}

BodyReader Client::Impl::body_of(const ClientRequest& request, const AnswerHead& head) {
  const bool is_bodyless =
      request.method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304;
  if (is_bodyless) return {};
  if (head.is_chunked) return {Framing::chunked, 0};
  if (head.content_length) return {Framing::length, *head.content_length};
  return {Framing::until_end, 0};
}

Client::Client(asio::any_io_executor executor, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}

Client::~Client() = default;

Task<Result<std::unique_ptr<ClientResponse>>> Client::send(ClientRequest request) {
  return Impl::send(impl_, std::move(request));
}

Task<Result<std::string>> Client::read_all(ClientResponse& response, std::size_t size_max) {
  std::string text;
  for (;;) {
    const std::size_t used = text.size();
    if (used > size_max) {
      co_return fail(ErrorCode::invalid, fmt::format("an answer of more than {} bytes", size_max));
    }
    const std::size_t room = std::clamp<std::size_t>(used, 4 * kib, mib);
    text.resize(used + std::min(room, size_max - used + 1));
    CO_TRY_LET(const std::size_t got,
               co_await response.read(std::as_writable_bytes(std::span(text).subspan(used))));
    text.resize(used + got);
    if (got == 0) co_return text;
  }
}

}  // namespace holdfast::net
