// X.509 certificates for TLS: made by ourselves, or read from PEM texts.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <string>
#include <vector>

namespace holdfast::net {

// PEM texts.
struct Certificate {
  std::string chain;        // The server's own first, then those that lead to a root.
  std::string private_key;  // Unencrypted.
};

// Makes a self-signed certificate for `hosts`, each a DNS name or an IP address, that clients trust
// once it is in their list. ECDSA on P-256: some S3 clients know no Ed25519. Valid from a day
// before `now`, for `days`. `invalid` without hosts or for one that cannot stand in a certificate.
Result<Certificate> make_self_signed(const std::vector<std::string>& hosts, WallTime now, int days);

// When the first certificate of `chain` ends; `invalid` if it is no PEM certificate.
Result<WallTime> expiry(const Certificate& certificate);

}  // namespace holdfast::net
