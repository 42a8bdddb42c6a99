#include "gateway/s3/gateway.h"

#include "gateway/s3/protocol/headers.h"
#include "gateway/s3/protocol/names.h"
#include "gateway/s3/verbs.h"

#include <fmt/format.h>

namespace holdfast::s3 {
namespace {

std::string draw_request_id(env::Random& random) {
  return fmt::format("{:016X}", random.draw_number());
}

Outcome<void> check_names(const Target& target) {
  if (target.bucket.empty()) return {};
  TRY(check_bucket_name(target.bucket));
  if (!target.key.empty()) {
    TRY(check_key(target.key));
  }
  return {};
}

// The body of these is part of no signature that a verb would look at.
Outcome<void> check_payload(const Authorization& authorization, Operation operation) {
  const auto payload = authorization.payload;
  const bool is_chunked = payload != Payload::hashed && payload != Payload::not_signed;
  if (!is_chunked || takes_content(operation)) return {};
  return refuse(Code::invalid_request, "The value of x-amz-content-sha256 header is invalid.");
}

}  // namespace

class Gateway::Impl {
 public:
  Impl(Services services, GatewayOptions options)
      : services_(std::move(services)), options_(std::move(options)) {}

  Task<void> handle(net::Exchange& exchange) {
    Call call{.services = services_,
              .exchange = exchange,
              .request_id = draw_request_id(services_.random),
              .target = {},
              .user = {},
              .authorization = {}};
    auto outcome = co_await serve(call);
    if (!outcome) {
      co_await respond_error(exchange, call.request_id, std::move(outcome).error());
    }
  }

 private:
  Task<Outcome<void>> serve(Call& call) {
    if (options_.is_serving && !options_.is_serving()) {
      co_return refuse(Code::service_unavailable);
    }
    CO_TRY(admit(call));
    co_return co_await verb_of(call.operation)(call);
  }

  // Everything that is judged before the verb: what is meant, whether it is legal, who asks.
  Outcome<void> admit(Call& call) {
    const auto& request = call.request();
    TRY(check_header_section(request));
    TRY_LET(call.target, parse_target(request, options_.domains));
    TRY_LET(call.operation, find_operation(request, call.target));
    const auto now = services_.clock.wall_now();
    TRY_LET(auto authorization, read_authorization(request, call.target, services_.region, now));
    if (!authorization) return refuse(Code::access_denied);
    call.authorization = *std::move(authorization);
    auto signer = services_.users.find_signer(call.authorization.access_key);
    if (!signer) {
      return refuse(S3Error(Code::invalid_access_key_id)
                        .with("AWSAccessKeyId", call.authorization.access_key));
    }
    call.signing_key = keys_.find(call.authorization, signer->secret_key);
    call.user = std::move(signer->user);
    TRY(verify(call.authorization, request, call.target, call.signing_key));
    TRY(check_names(call.target));
    TRY(check_payload(call.authorization, call.operation));
    return check_headers(request, call.operation);
  }

  Services services_;
  GatewayOptions options_;
  SigningKeys keys_;
};

Gateway::Gateway(catalog::Catalog& catalog, catalog::Users& users, vault::Vault& vault,
                 env::Clock& clock, env::Random& random, env::Workers& workers,
                 GatewayOptions options)
    : impl_(std::make_unique<Impl>(Services{.catalog = catalog,
                                            .users = users,
                                            .vault = vault,
                                            .clock = clock,
                                            .random = random,
                                            .workers = workers,
                                            .region = options.region},
                                   options)) {}

Gateway::~Gateway() = default;

Task<void> Gateway::handle(net::Exchange& exchange) {
  co_await impl_->handle(exchange);
}

Task<void> answer_unavailable(net::Exchange& exchange, env::Random& random) {
  co_await respond_error(exchange, draw_request_id(random), S3Error(Code::service_unavailable));
}

}  // namespace holdfast::s3
