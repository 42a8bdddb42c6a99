#include "net/link.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// A connection whose socket is always ready lets others have their turn after this many operations.
constexpr unsigned unbroken_max = 16;
constexpr std::size_t pieces_max = 64;
constexpr std::size_t tls_record_bytes = 16 * kib;

// Drops `size` bytes from the front of `pieces`; the rest, beginning with one that is not empty.
std::span<ByteView> drop_front(std::span<ByteView> pieces, std::size_t size) {
  while (!pieces.empty() && size >= pieces.front().size()) {
    size -= pieces.front().size();
    pieces = pieces.subspan(1);
  }
  if (!pieces.empty()) pieces.front() = pieces.front().subspan(size);
  return pieces;
}

}  // namespace

Link::Link(std::shared_ptr<Sweep> sweep, Socket socket)
    : sweep_(std::move(sweep)), socket_(std::move(socket)) {
  boost::system::error_code ignored;  // Only a socket that is gone fails; a read will tell.
  (void)socket_.native_non_blocking(true, ignored);
  watch(true);
}

Link::~Link() {
  watch(false);
}

void Link::watch(bool is_watched) {
  if (is_watched == is_watched_) return;
  is_watched_ = is_watched;
  if (is_watched) {
    sweep_->add(*this);
  } else {
    sweep_->remove(*this);
  }
}

bool Link::is_quiet() {
  std::byte next;
  return ::recv(handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

Task<Result<void>> Link::connect(const Endpoint& endpoint, Sweep::Tick deadline) {
  if (::connect(handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) {
    co_return Result<void>();
  }
  error_ = errno;
  if (error_ != EINPROGRESS) co_return std::unexpected(failure());
  CO_TRY(co_await wait(Attempt::Outcome::wants_write, Direction::write, deadline));
  socklen_t size = sizeof error_;
  if (::getsockopt(handle(), SOL_SOCKET, SO_ERROR, &error_, &size) != 0) error_ = errno;
  if (error_ != 0) co_return std::unexpected(failure());
  co_return Result<void>();
}

Task<Result<void>> Link::handshake(TlsSession session, Sweep::Tick deadline) {
  session_ = std::move(session);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    if (result == 1) co_return Result<void>();
    const Attempt attempt = tls_attempt(result, 0);
    if (attempt.outcome == Attempt::Outcome::ended || attempt.outcome == Attempt::Outcome::failed) {
      co_return std::unexpected(failure().within("TLS handshake"));
    }
    CO_TRY(co_await wait(attempt.outcome, Direction::read, deadline));
  }
}

Task<Result<std::size_t>> Link::read_some(MutableByteView into, Sweep::Tick deadline,
                                          bool is_idle) {
  if (is_idle && !session_) {
    CO_TRY(co_await wait(Attempt::Outcome::wants_read, Direction::read, deadline));
  }
  for (;;) {
    if (is_aborted_) co_return fail(ErrorCode::unavailable, "the connection was given up");
    const Attempt attempt = try_read(into);
    if (attempt.outcome == Attempt::Outcome::moved) {
      if (++unbroken_count_ > unbroken_max) co_await yield();
      co_return attempt.size;
    }
    if (attempt.outcome == Attempt::Outcome::ended) co_return std::size_t{0};
    if (attempt.outcome == Attempt::Outcome::failed) co_return std::unexpected(failure());
    CO_TRY(co_await wait(attempt.outcome, Direction::read, deadline));
  }
}

Task<Result<void>> Link::write_all(std::span<ByteView> pieces, Duration stall) {
  for (pieces = drop_front(pieces, 0); !pieces.empty();) {
    if (is_aborted_) co_return fail(ErrorCode::unavailable, "the connection was given up");
    const Attempt attempt = try_write(pieces);
    if (attempt.outcome == Attempt::Outcome::moved) {
      pieces = drop_front(pieces, attempt.size);
      if (++unbroken_count_ > unbroken_max) co_await yield();
    } else if (attempt.outcome == Attempt::Outcome::failed ||
               attempt.outcome == Attempt::Outcome::ended) {
      co_return std::unexpected(failure());
    } else {
      CO_TRY(co_await wait(attempt.outcome, Direction::write, sweep_->after(stall)));
    }
  }
  co_return Result<void>();
}

Link::Attempt Link::try_read(MutableByteView into) {
  if (session_) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(session_.get(), into.data(), into.size(), &size);
    return tls_attempt(result, size);
  }
  for (;;) {
    const ssize_t size = ::recv(handle(), into.data(), into.size(), 0);
    if (size > 0) return {Attempt::Outcome::moved, static_cast<std::size_t>(size)};
    if (size == 0) return {Attempt::Outcome::ended};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Attempt::Outcome::wants_read};
    error_ = errno;
    return {Attempt::Outcome::failed};
  }
}

Link::Attempt Link::try_write(std::span<const ByteView> pieces) {
  if (session_) {
    // Short pieces share a record with what follows. OpenSSL is content when a write that had to
    // wait is repeated with the same content at another place.
    std::array<std::byte, tls_record_bytes> record;
    ByteView content = pieces.front();
    if (content.size() < record.size() && pieces.size() > 1) {
      std::size_t used = 0;
      for (const ByteView piece : pieces) {
        const std::size_t size = std::min(piece.size(), record.size() - used);
        if (size > 0) std::memcpy(record.data() + used, piece.data(), size);
        used += size;
      }
      content = ByteView(record).first(used);
    }
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_write_ex(session_.get(), content.data(), content.size(), &size);
    return tls_attempt(result, size);
  }
  std::array<iovec, pieces_max> vectors;
  const std::size_t count = std::min(pieces.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i) {
    vectors[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t size = ::sendmsg(handle(), &message, MSG_NOSIGNAL);
    if (size >= 0) return {Attempt::Outcome::moved, static_cast<std::size_t>(size)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Attempt::Outcome::wants_write};
    error_ = errno;
    return {Attempt::Outcome::failed};
  }
}

Link::Attempt Link::tls_attempt(int result, std::size_t moved) {
  if (result == 1) return {Attempt::Outcome::moved, moved};
  error_ = errno;
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Attempt::Outcome::wants_read};
    case SSL_ERROR_WANT_WRITE:
      return {Attempt::Outcome::wants_write};
    case SSL_ERROR_ZERO_RETURN:
      return {Attempt::Outcome::ended};
    case SSL_ERROR_SYSCALL:
      tls_error_ = "the peer broke the connection off";
      return {Attempt::Outcome::failed};
    default:
      const long verdict = SSL_get_verify_result(session_.get());
      is_denied_ = verdict != X509_V_OK;
      tls_error_ = tls_failure();
      if (is_denied_) tls_error_ = X509_verify_cert_error_string(verdict);
      return {Attempt::Outcome::failed};
  }
}

Error Link::failure() const {
  return {is_denied_ ? ErrorCode::denied : ErrorCode::unavailable,
          session_ ? tls_error_ : std::strerror(error_)};
}

Task<Result<void>> Link::wait(Attempt::Outcome wanted, Direction direction, Sweep::Tick deadline) {
  if (is_aborted_) co_return fail(ErrorCode::unavailable, "the connection was given up");
  const auto place = static_cast<std::size_t>(direction);
  has_expired_[place] = false;
  deadlines_[place] = deadline;
  const auto [error] = co_await socket_.async_wait(
      wanted == Attempt::Outcome::wants_write ? Socket::wait_write : Socket::wait_read, as_result);
  deadlines_[place] = Sweep::never;
  unbroken_count_ = 0;
  if (is_aborted_) co_return fail(ErrorCode::unavailable, "the connection was given up");
  if (has_expired_[place]) co_return fail(ErrorCode::timed_out, "the peer took too long");
  // The other direction's deadline cancels this wait too, which only makes it try again.
  if (error && error != asio::error::operation_aborted) {
    co_return fail(ErrorCode::io, error.message());
  }
  co_return Result<void>();
}

Task<void> Link::yield() {
  unbroken_count_ = 0;
  co_await asio::post(socket_.get_executor(), asio::use_awaitable);
}

void Link::end() {
  if (session_ && SSL_is_init_finished(session_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(session_.get());
  }
  ::shutdown(handle(), SHUT_WR);
}

void Link::abort() {
  is_aborted_ = true;
  boost::system::error_code ignored;  // It is over either way.
  (void)socket_.cancel(ignored);
}

void Link::reset_on_close() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Link::expire(Sweep::Tick now) {
  bool is_late = false;
  for (std::size_t i = 0; i < deadlines_.size(); ++i) {
    if (deadlines_[i] > now) continue;
    deadlines_[i] = Sweep::never;
    has_expired_[i] = is_late = true;
  }
  boost::system::error_code ignored;  // Nothing waits then.
  if (is_late) (void)socket_.cancel(ignored);
}

}  // namespace holdfast::net
