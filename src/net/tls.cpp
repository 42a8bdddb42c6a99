#include "net/tls.h"

#include <fmt/format.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace holdfast::net {
namespace {

constexpr std::size_t read_ahead_bytes = 32 * 1024;  // Two records of the largest size.
constexpr unsigned char alpn_http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// OpenSSL's own socket BIO writes in a way that raises SIGPIPE when the peer is gone; this one
// does not.
int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int finish(BIO* bio, ssize_t moved, int retry) {
  BIO_clear_retry_flags(bio);
  if (moved < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_flags(bio, retry);
  return static_cast<int>(moved);
}

int bio_write(BIO* bio, const char* content, int size) {
  const ssize_t moved =
      ::send(socket_of(bio), content, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  return finish(bio, moved, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
}

int bio_read(BIO* bio, char* into, int size) {
  const ssize_t moved = ::recv(socket_of(bio), into, static_cast<std::size_t>(size), 0);
  return finish(bio, moved, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* make_bio_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write(method, bio_write);
  BIO_meth_set_read(method, bio_read);
  BIO_meth_set_ctrl(method, bio_control);
  BIO_meth_set_create(method, bio_create);
  return method;
}

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio read_only(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key with a passphrase is refused instead of asking for it on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

// The signature is OpenSSL's. NOLINTNEXTLINE(readability-function-size)
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* match = nullptr;
  const int found = SSL_select_next_proto(&match, chosen_size, alpn_http_1_1, sizeof alpn_http_1_1,
                                          offered, offered_size);
  *chosen = match;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

TlsContext make_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // Tickets need no memory.
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), read_ahead_bytes);
  return context;
}

Result<void> use_chain(SSL_CTX* context, const std::string& chain) {
  const Bio text = read_only(chain);
  const std::unique_ptr<X509, FreeX509> own(
      PEM_read_bio_X509_AUX(text.get(), nullptr, no_passphrase, nullptr));
  if (!own) return fail(ErrorCode::invalid, "no PEM certificate found in the chain");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    return fail(ErrorCode::invalid, "certificate not usable: " + tls_failure());
  }
  while (X509* next = PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return fail(ErrorCode::invalid, "certificate chain not usable: " + tls_failure());
    }
  }
  ERR_clear_error();  // Left by the end of the text.
  return {};
}

Result<TlsSession> open_session(const TlsContext& context, int socket) {
  static BIO_METHOD* const method = make_bio_method();
  TlsSession session(SSL_new(context.get()));
  BIO* bio = method != nullptr ? BIO_new(method) : nullptr;
  if (!session || bio == nullptr) {
    BIO_free(bio);
    return fail(ErrorCode::io, "start TLS: " + tls_failure());
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  SSL_set_bio(session.get(), bio, bio);  // Takes it over.
  return session;
}

bool is_ip_address(const std::string& host) {
  std::array<unsigned char, 16> address;
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

}  // namespace

void FreeTlsSession::operator()(SSL* session) const {
  SSL_free(session);
}

std::string tls_failure() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  const char* reason = first == 0 ? nullptr : ERR_reason_error_string(first);
  return reason == nullptr ? "TLS failed" : reason;
}

Result<TlsContext> make_server_context(const Certificate& certificate) {
  ERR_clear_error();
  TlsContext context = make_context(TLS_server_method());
  if (!context) return fail(ErrorCode::io, "set up TLS: " + tls_failure());
  TRY(use_chain(context.get(), certificate.chain));
  const Bio text = read_only(certificate.private_key);
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    ERR_clear_error();
    return fail(ErrorCode::invalid, "no unencrypted PEM private key found");
  }
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    return fail(ErrorCode::invalid, "private key does not fit the certificate: " + tls_failure());
  }
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  return context;
}

Result<TlsContext> make_client_context(const std::string& ca_file, bool verify_peer) {
  ERR_clear_error();
  TlsContext context = make_context(TLS_client_method());
  if (!context) return fail(ErrorCode::io, "set up TLS: " + tls_failure());
  if (verify_peer) {
    const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                       : SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
    if (loaded != 1) {
      return fail(ErrorCode::invalid,
                  fmt::format("no certificates to trust in '{}': {}", ca_file, tls_failure()));
    }
  }
  SSL_CTX_set_verify(context.get(), verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (SSL_CTX_set_alpn_protos(context.get(), alpn_http_1_1, sizeof alpn_http_1_1) != 0) {
    return fail(ErrorCode::io, "set up TLS: " + tls_failure());
  }
  return context;
}

Result<TlsSession> open_server_session(const TlsContext& context, int socket) {
  TRY_LET(TlsSession session, open_session(context, socket));
  SSL_set_accept_state(session.get());
  return session;
}

Result<TlsSession> open_client_session(const TlsContext& context, int socket,
                                       const std::string& host) {
  TRY_LET(TlsSession session, open_session(context, socket));
  SSL_set_connect_state(session.get());
  X509_VERIFY_PARAM* expected = SSL_get0_param(session.get());
  const bool is_set = is_ip_address(host)
                          ? X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1
                          : SSL_set1_host(session.get(), host.c_str()) == 1 &&
                                SSL_set_tlsext_host_name(session.get(), host.c_str()) == 1;
  if (!is_set) return fail(ErrorCode::invalid, fmt::format("'{}' is no name for TLS", host));
  return session;
}

}  // namespace holdfast::net
