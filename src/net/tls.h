// TLS 1.2 and 1.3 by OpenSSL, driven by hand over a non-blocking socket: no copies of what passes
// but those that encryption needs, and no buffers for idle connections.
#pragma once

#include "base/result.h"
#include "net/certificate.h"

#include <openssl/types.h>

#include <memory>
#include <string>

namespace holdfast::net {

using TlsContext = std::shared_ptr<SSL_CTX>;

struct FreeTlsSession {
  void operator()(SSL* session) const;
};
using TlsSession = std::unique_ptr<SSL, FreeTlsSession>;

// `invalid` if the texts are no certificate, no key, or do not belong together.
Result<TlsContext> make_server_context(const Certificate& certificate);

// Trusts the system's certificates, or those in the PEM file `ca_file` if it is not empty.
Result<TlsContext> make_client_context(const std::string& ca_file, bool verify_peer);

// A session over `socket`, which stays the caller's; its handshake is still to come.
Result<TlsSession> open_server_session(const TlsContext& context, int socket);

// The peer must show a certificate for `host` (a name or an IP address) if the context verifies.
Result<TlsSession> open_client_session(const TlsContext& context, int socket,
                                       const std::string& host);

// Why the last OpenSSL call failed, for people; clears the reason.
std::string tls_failure();

}  // namespace holdfast::net
