#include "net/connection.h"

#include "base/log.h"
#include "net/raw_connection.h"

#include <iterator>
#include <utility>

namespace holdfast::net {
namespace {

constexpr std::size_t receive_bytes = 8 * kib;    // Asked for while a head is awaited.
constexpr std::size_t idle_bytes_max = 16 * kib;  // What an idle connection's buffer may keep.
constexpr std::uint64_t skip_bytes_max = 256 * kib;
constexpr std::size_t joined_bytes_max =
    8 * kib;  // Bodies up to this are sent in the head's piece.
constexpr Duration linger_time = std::chrono::seconds(10);
constexpr std::uint64_t linger_bytes_max = 128 * mib;
constexpr std::size_t linger_read_bytes = 64 * kib;

constexpr std::string_view crlf = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";
constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";

bool has_no_body(unsigned status) {
  return status < 200 || status == 204 || status == 304;
}

unsigned status_after(ErrorCode failure) {
  return failure == ErrorCode::timed_out ? 408 : 400;
}

}  // namespace

Connection::Connection(std::shared_ptr<Service> service, Socket socket, std::string peer)
    : presence_(std::move(service)),
      link_(std::make_unique<Link>(presence_->sweep, std::move(socket))) {
  request_.peer = std::move(peer);
}

Task<void> Connection::serve(std::shared_ptr<Connection> self, TlsContext tls) {
  if (tls && !co_await self->shake_hands(tls)) co_return;
  while (co_await self->read_head() && co_await self->answer()) {
  }
  if (self->link_ && !self->is_broken_) co_await self->linger();
}

Task<bool> Connection::shake_hands(const TlsContext& tls) {
  link_->idle_since.reset();
  auto session = open_server_session(tls, link_->handle());
  if (!session) {
    log::warning("{}: {}", request_.peer, session.error().context());
    co_return false;
  }
  const auto deadline = link_->sweep().after(presence_->limits.head_timeout);
  const auto done = co_await link_->handshake(std::move(*session), deadline);
  if (!done) log::debug("{}: {}", request_.peer, done.error().context());
  request_.is_secure = done.has_value();
  co_return done.has_value();
}

Task<bool> Connection::read_head() {
  scanner_ = HeadScanner();
  input_.shrink(idle_bytes_max);
  auto deadline = link_->sweep().after(presence_->limits.head_timeout);
  for (;;) {
    const std::string_view received = as_text(input_.view());
    const auto state = scanner_.scan(received);
    const std::size_t size =
        state == HeadScanner::State::complete ? scanner_.end() : received.size();
    if (state == HeadScanner::State::malformed) co_return co_await refuse(400);
    if (size > presence_->limits.head_bytes_max) co_return co_await refuse(431);
    if (state == HeadScanner::State::complete) break;
    const auto done = co_await receive_head(deadline);
    if (done) continue;
    const bool is_late = done.error().code() == ErrorCode::timed_out && !input_.is_empty();
    is_broken_ = !is_late;
    if (!is_late) co_return false;
    co_return co_await refuse(408);
  }
  const std::string_view head = as_text(input_.view()).substr(0, scanner_.end());
  const auto traits = parse_request(head.substr(scanner_.begin()), request_);
  input_.consume(head.size());
  if (!traits) co_return co_await refuse(traits.error());
  traits_ = *traits;
  accept_head();
  co_return true;
}

// Fails when the connection is to end without a word, or when time is up.
Task<Result<void>> Connection::receive_head(Sweep::Tick& deadline) {
  const bool is_idle = input_.is_empty();
  if (is_idle) {
    if (presence_->is_draining) co_return fail(ErrorCode::unavailable, "draining");
    link_->idle_since = link_->sweep().now();
    const auto idle_deadline = link_->sweep().after(presence_->limits.idle_timeout);
    const auto got = co_await link_->read_some(input_.room(receive_bytes), idle_deadline, true);
    link_->idle_since.reset();
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(ErrorCode::unavailable, "the peer has ended");
    input_.commit(*got);
    deadline = link_->sweep().after(presence_->limits.head_timeout);
    co_return Result<void>();
  }
  CO_TRY_LET(const std::size_t got,
             co_await link_->read_some(input_.room(receive_bytes), deadline));
  if (got == 0) co_return fail(ErrorCode::unavailable, "the peer ended amid a head");
  input_.commit(got);
  co_return Result<void>();
}

void Connection::accept_head() {
  has_started_ = false;
  must_continue_ = traits_.expects_continue && input_.is_empty();
  body_failure_.reset();
  framing_ = Framing::none;
  is_bodyless_ = false;
  keep_alive_ = traits_.keep_alive;
  const Framing framing = request_.is_chunked       ? Framing::chunked
                          : request_.content_length ? Framing::length
                                                    : Framing::none;
  body_ = BodyReader(framing, request_.content_length.value_or(0));
}

Task<bool> Connection::refuse(unsigned status) {
  request_.method.clear();
  traits_ = {};
  keep_alive_ = false;
  has_started_ = false;
  body_failure_ = ErrorCode::invalid;  // Where the next request would begin is not known.
  ResponseHead head{.status = status};
  const auto sent = co_await respond(std::move(head), {});
  is_broken_ = !sent;
  co_return false;
}

Task<bool> Connection::answer() {
  bool has_thrown = false;
  try {
    co_await presence_->handler(*this);
  } catch (const std::exception& failure) {
    // Without the query, which may carry a signature.
    const std::string_view path =
        std::string_view(request_.target).substr(0, request_.target.find('?'));
    log::error("{} {}: {}", request_.method, path, failure.what());
    has_thrown = true;
  }
  if (!link_) co_return false;
  if (has_thrown && has_started_) abort();
  if (!has_started_ && !is_broken_) {
    const unsigned status = body_failure_ ? status_after(*body_failure_) : 500;
    ResponseHead head{.status = status};
    if (!co_await respond(std::move(head), {})) co_return false;
  }
  co_return co_await finish_answer();
}

Task<bool> Connection::finish_answer() {
  if (framing_ == Framing::length && content_left_ > 0 && !is_bodyless_) abort();
  if (is_broken_) co_return false;
  if (framing_ == Framing::chunked && !is_bodyless_) output_.append(last_chunk);
  if (!output_.empty()) {
    std::array pieces{as_bytes(output_)};
    if (!co_await send(pieces)) co_return false;
  }
  if (framing_ == Framing::until_end) co_return false;
  if (!keep_alive_) co_return false;
  co_return co_await skip_body();
}

Task<bool> Connection::skip_body() {
  std::array<std::byte, 4 * kib> dropped;
  std::uint64_t skipped = 0;
  while (!body_.is_done() && skipped <= skip_bytes_max) {
    const auto size = co_await body_.read(*link_, input_, dropped, presence_->limits.stall_timeout);
    if (!size) co_return false;
    skipped += *size;
  }
  co_return body_.is_done();
}

Task<Result<std::size_t>> Connection::read(MutableByteView into) {
  if (body_failure_) co_return fail(*body_failure_, "the request's body has failed before");
  if (!link_) co_return fail(ErrorCode::invalid, "the connection was handed over");
  if (must_continue_ && !body_.is_done()) {
    if (has_started_) co_return fail(ErrorCode::invalid, "the peer was never asked for a body");
    must_continue_ = false;
    std::array pieces{as_bytes(continue_head)};
    CO_TRY(co_await send(pieces));
  }
  auto size = co_await body_.read(*link_, input_, into, presence_->limits.stall_timeout);
  if (!size) body_failure_ = size.error().code();
  co_return size;
}

bool Connection::may_stay_open() const {
  if (!traits_.keep_alive || presence_->is_draining || body_failure_) return false;
  if (body_.is_done()) return true;
  return !must_continue_ && body_.left().value_or(0) <= skip_bytes_max;
}

Result<void> Connection::prepare(const ResponseHead& head) {
  if (has_started_) return fail(ErrorCode::invalid, "an answer can be started only once");
  if (head.status < 200 || head.status > 999) {
    return fail(ErrorCode::invalid, fmt::format("{} is no status to answer with", head.status));
  }
  has_started_ = true;
  is_bodyless_ = request_.method == "HEAD" || has_no_body(head.status);
  content_left_ = head.content_length.value_or(0);
  if (has_no_body(head.status)) {
    framing_ = Framing::none;
  } else if (head.content_length) {
    framing_ = Framing::length;
  } else {
    framing_ = traits_.is_http_1_0 ? Framing::until_end : Framing::chunked;
  }
  keep_alive_ = may_stay_open() && framing_ != Framing::until_end;
  output_.clear();
  // A body of no bytes is asked for too: the botocore of some AWS command lines takes an answer
  // that comes without for the answer to its next request as well, and waits for that one's body.
  if (body_.is_done() && std::exchange(must_continue_, false)) output_.append(continue_head);
  append_head(output_, head, framing_);
  append_connection_field(head);
  output_.append(crlf);
  return {};
}

void Connection::append_connection_field(const ResponseHead& head) {
  if (!head.headers.contains("Date")) append_field(output_, "Date", presence_->sweep->date());
  if (const auto asked = head.headers.find("Connection")) {
    if (equals_ignoring_case(*asked, "close")) keep_alive_ = false;
  } else if (!keep_alive_) {
    output_.append("Connection: close\r\n");
  } else if (traits_.is_http_1_0) {
    output_.append("Connection: keep-alive\r\n");
  }
}

Task<Result<void>> Connection::start(ResponseHead head) {
  if (is_broken_ || !link_) co_return fail(ErrorCode::unavailable, "the connection is gone");
  co_return prepare(head);
}

Task<Result<void>> Connection::write(std::span<const ByteView> content) {
  if (!has_started_) co_return fail(ErrorCode::invalid, "write before an answer was started");
  if (is_broken_ || !link_) co_return fail(ErrorCode::unavailable, "the connection is gone");
  if (is_bodyless_) content = {};
  std::uint64_t size = 0;
  for (const ByteView piece : content) size += piece.size();
  if (framing_ == Framing::length && size > content_left_ && !is_bodyless_) {
    abort();
    co_return fail(ErrorCode::invalid, "an answer longer than announced");
  }
  content_left_ -= std::min(size, content_left_);
  const bool is_chunk = framing_ == Framing::chunked && size > 0;
  if (is_chunk) fmt::format_to(std::back_inserter(output_), "{:x}\r\n", size);
  std::vector<ByteView> pieces{as_bytes(output_)};
  pieces.insert(pieces.end(), content.begin(), content.end());
  if (is_chunk) pieces.push_back(as_bytes(crlf));
  co_return co_await send(pieces);
}

Task<Result<void>> Connection::respond(ResponseHead head, std::string body) {
  if (is_broken_ || !link_) co_return fail(ErrorCode::unavailable, "the connection is gone");
  if (request_.method != "HEAD" || !head.content_length) head.content_length = body.size();
  CO_TRY(prepare(head));
  content_left_ = 0;
  std::array pieces{ByteView(), ByteView()};
  if (!is_bodyless_ && body.size() <= joined_bytes_max) {
    output_.append(body);
  } else if (!is_bodyless_) {
    pieces[1] = as_bytes(body);
  }
  pieces[0] = as_bytes(output_);
  co_return co_await send(pieces);
}

Task<Result<void>> Connection::send(std::span<ByteView> pieces) {
  auto sent = co_await link_->write_all(pieces, presence_->limits.stall_timeout);
  if (!sent) is_broken_ = true;
  output_.clear();
  co_return sent;
}

void Connection::abort() {
  if (!has_started_ || !link_) return;
  is_broken_ = true;
  link_->reset_on_close();
}

Task<Result<std::unique_ptr<RawConnection>>> Connection::upgrade(ResponseHead head) {
  if (has_started_ || !body_.is_done()) {
    co_return fail(ErrorCode::invalid, "too late to leave HTTP behind");
  }
  if (is_broken_ || !link_) co_return fail(ErrorCode::unavailable, "the connection is gone");
  has_started_ = true;
  output_.clear();
  append_head(output_, head, Framing::none);
  if (head.status == 101 && !head.headers.contains("Connection")) {
    output_.append("Connection: Upgrade\r\n");
  }
  output_.append(crlf);
  std::array pieces{as_bytes(output_)};
  CO_TRY(co_await send(pieces));
  co_return std::make_unique<UpgradedConnection>(presence_.service(), std::move(link_),
                                                 std::move(input_));
}

Task<void> Connection::linger() {
  link_->end();
  if (body_.is_done() && !body_failure_) co_return;
  link_->idle_since = link_->sweep().now();  // First to go when there is no room, or no time.
  const auto deadline = link_->sweep().after(linger_time);
  auto dropped = std::make_unique_for_overwrite<std::byte[]>(linger_read_bytes);
  for (std::uint64_t total = 0; total < linger_bytes_max;) {
    const auto size = co_await link_->read_some({dropped.get(), linger_read_bytes}, deadline);
    if (!size || *size == 0) co_return;
    total += *size;
  }
}

}  // namespace holdfast::net
