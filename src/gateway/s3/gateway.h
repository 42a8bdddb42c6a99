// Gateway speaks S3 to the world: it turns HTTP requests into changes and reads of a catalog.
//
// A request goes through fixed steps: its target is parsed, its operation found (or the request
// refused), its signature verified, its verb run. Nothing is touched before the signature holds.
// Memory per request is bounded: two buffers of 256 KiB while a large body comes in.
#pragma once

#include "catalog/catalog.h"
#include "catalog/users.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/workers.h"
#include "net/http.h"
#include "vault/vault.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::s3 {

struct GatewayOptions {
  std::string region = "us-east-1";
  // Names under which each bucket is a host of its own.
  std::vector<std::string> domains;
  // Asked for each request; false (the vault is locked, the node is stopping) answers 503. Nothing:
  // always true.
  std::function<bool()> is_serving;
};

class Gateway {
 public:
  // All of these outlive the gateway and the requests that it handles.
  // NOLINTNEXTLINE(readability-function-size): the parts of a node, each named once.
  Gateway(catalog::Catalog& catalog, catalog::Users& users, vault::Vault& vault, env::Clock& clock,
          env::Random& random, env::Workers& workers, GatewayOptions options);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  // Answers one request, whatever it is.
  Task<void> handle(net::Exchange& exchange);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// What to answer while there is no catalog to make a Gateway of: 503 ServiceUnavailable, as S3 says
// it, so that clients try again.
Task<void> answer_unavailable(net::Exchange& exchange, env::Random& random);

}  // namespace holdfast::s3
