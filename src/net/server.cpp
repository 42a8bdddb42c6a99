#include "net/server.h"

#include "base/log.h"
#include "net/connection.h"
#include "net/listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// How long accepting pauses when it failed (no descriptors left) or nobody can make room.
constexpr std::chrono::milliseconds accept_pause{100};

Duration sweep_period(const ServerLimits& limits) {
  const Duration shortest =
      std::min({limits.head_timeout, limits.idle_timeout, limits.stall_timeout});
  return std::clamp<Duration>(shortest / 4, std::chrono::milliseconds(1), std::chrono::seconds(1));
}

// What the kernel holds for a peer on this machine. There is no way to fill: more only drives what
// was just decrypted out of the processor's caches before the peer reads it.
constexpr int loopback_send_bytes = 256 * 1024;

void tune(Socket& socket, const Endpoint& peer) {
  // Small answers must not wait for the acknowledgement of what went before them.
  const int on = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!is_loopback(peer)) return;
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDBUF, &loopback_send_bytes,
               sizeof loopback_send_bytes);
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const asio::any_io_executor& executor, Handler handler, ServerLimits limits)
      : executor_(executor), pause_(executor), patience_(executor) {
    service_->handler = std::move(handler);
    service_->limits = limits;
    service_->sweep = std::make_shared<Sweep>(executor, sweep_period(limits));
    service_->on_leaving = [this] { note_leaving(); };
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { service_->on_leaving = nullptr; }

  Result<std::string> listen(const std::string& address,
                             const std::optional<Certificate>& certificate) {
    TlsContext tls;
    if (certificate) {
      TRY_LET(tls, make_server_context(*certificate));
    }
    TRY_LET(std::unique_ptr<Listener> listener, Listener::open(executor_, address));
    listener->tls = std::move(tls);
    listeners_.push_back(std::move(listener));
    asio::co_spawn(executor_, accept_all(shared_from_this(), listeners_.back()), rethrow);
    return listeners_.back()->address();
  }

  Result<void> reload(const Certificate& certificate) {
    TRY_LET(const TlsContext tls, make_server_context(certificate));
    for (const auto& listener : listeners_) {
      if (listener->tls) listener->tls = tls;
    }
    return {};
  }

  static Task<void> drain(std::shared_ptr<Impl> self, Duration patience) {
    self->close_listeners();
    for (Link* link : self->service_->sweep->links()) {
      if (link->idle_since) link->abort();
    }
    self->patience_.expires_after(patience);
    const auto until = self->patience_.expiry();
    while (self->service_->present_count > 0 && std::chrono::steady_clock::now() < until) {
      (void)co_await self->patience_.async_wait(as_result);
    }
    self->abort_all();
    while (self->service_->present_count > 0) co_await self->left_.wait();
  }

  void stop() {
    close_listeners();
    abort_all();
  }

  std::size_t connection_count() const { return service_->sweep->links().size(); }

 private:
  // Static, with `self` as a parameter: the frame keeps the object alive while it waits.
  static Task<void> accept_all(std::shared_ptr<Impl> self, std::shared_ptr<Listener> listener) {
    Acceptor& acceptor = listener->acceptor();
    while (acceptor.is_open()) {
      auto [error, socket] = co_await acceptor.async_accept(as_result);
      if (!acceptor.is_open()) co_return;
      if (error) {
        log::warning("accept on {}: {}", listener->address(), error.message());
        co_await self->pause();
        continue;
      }
      while (acceptor.is_open() && !self->make_room()) co_await self->pause();
      if (acceptor.is_open()) self->serve(std::move(socket), *listener);
    }
  }

  void serve(Socket socket, const Listener& listener) {
    boost::system::error_code error;
    const Endpoint peer = socket.remote_endpoint(error);
    if (error) return;  // Gone already.
    tune(socket, peer);
    auto connection = std::make_shared<Connection>(service_, std::move(socket), to_string(peer));
    asio::co_spawn(executor_, Connection::serve(std::move(connection), listener.tls), rethrow);
  }

  // False if there is no room for another connection, nor an idle one to give way.
  bool make_room() {
    const auto& links = service_->sweep->links();
    if (links.size() < service_->limits.connections_max) return true;
    Link* longest = nullptr;
    for (Link* link : links) {
      if (!link->idle_since) continue;
      if (longest == nullptr || *link->idle_since < *longest->idle_since) longest = link;
    }
    if (longest == nullptr) return false;
    longest->idle_since.reset();
    longest->abort();
    return true;
  }

  Task<void> pause() {
    pause_.expires_after(accept_pause);
    (void)co_await pause_.async_wait(as_result);
  }

  void note_leaving() {
    if (service_->is_draining && service_->present_count == 0) {
      patience_.cancel();
      left_.wake_all();
    }
  }

  void close_listeners() {
    service_->is_draining = true;
    for (const auto& listener : listeners_) listener->close();
    pause_.cancel();
  }

  void abort_all() {
    for (Link* link : service_->sweep->links()) link->abort();
  }

  asio::any_io_executor executor_;
  asio::steady_timer pause_;
  asio::steady_timer patience_;
  std::shared_ptr<Service> service_ = std::make_shared<Service>();
  std::vector<std::shared_ptr<Listener>> listeners_;
  WaitList left_;
};

Server::Server(asio::any_io_executor executor, Handler handler, ServerLimits limits)
    : impl_(std::make_shared<Impl>(executor, std::move(handler), limits)) {}

Server::~Server() {
  impl_->stop();
}

Result<std::string> Server::listen(std::string address, std::optional<Certificate> certificate) {
  return impl_->listen(address, certificate);
}

Result<void> Server::reload(Certificate certificate) {
  return impl_->reload(certificate);
}

Task<void> Server::drain(Duration patience) {
  co_await Impl::drain(impl_, patience);
}

std::size_t Server::connection_count() const {
  return impl_->connection_count();
}

}  // namespace holdfast::net
