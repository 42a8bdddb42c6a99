// Call: one request while it is being served: who asks, for what, and how to answer.
//
// A verb gets a Call whose signature has been verified. It answers once, or returns the S3Error
// that the gateway then answers with; it never does both.
#pragma once

#include "catalog/catalog.h"
#include "catalog/users.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/workers.h"
#include "gateway/s3/protocol/conditions.h"
#include "gateway/s3/protocol/error.h"
#include "gateway/s3/protocol/operation.h"
#include "gateway/s3/protocol/sigv4.h"
#include "gateway/s3/protocol/target.h"
#include "gateway/s3/protocol/xml.h"
#include "net/http.h"
#include "vault/vault.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::s3 {

// What every verb works with. All of it outlives the calls.
struct Services {
  catalog::Catalog& catalog;
  catalog::Users& users;
  vault::Vault& vault;
  env::Clock& clock;
  env::Random& random;
  env::Workers& workers;
  std::string region;
  std::size_t large_bodies = 0;  // Being received: they share the memory for buffers (body.cpp).
};

struct Call {
  Services& services;
  net::Exchange& exchange;
  std::string request_id;
  Target target;
  Operation operation = Operation::count;
  catalog::User user;
  Authorization authorization;
  SigningKey signing_key{};

  const net::Request& request() const { return exchange.request(); }
  const std::string& bucket() const { return target.bucket; }
  const std::string& key() const { return target.key; }

  // A header's value, empty if it is not there.
  std::string_view header(std::string_view name) const {
    return request().headers.find(name).value_or("");
  }
  std::string_view parameter(std::string_view name) const {
    return target.query.find(name).value_or("");
  }

  // The bucket of the request, if the caller may use it (its own, or any for an admin) and it is
  // whose the caller expects.
  Task<Outcome<catalog::Bucket>> open_bucket();
  // Another bucket.
  Task<Outcome<catalog::Bucket>> open_bucket(std::string name);

  // Answers. `head` gets the headers that every answer has.
  Task<Outcome<void>> respond(net::ResponseHead head, std::string body);
  Task<Outcome<void>> respond_xml(XmlWriter writer);
  Task<Outcome<void>> respond_empty(unsigned status);
};

void add_common_headers(net::ResponseHead& head, std::string_view request_id);

// Answers with an error document, or without a body where HTTP wants none.
Task<void> respond_error(net::Exchange& exchange, std::string_view request_id, S3Error error);

// What x-amz-checksum-… headers of a request with a document are about.
enum class ChecksumSubject : std::uint8_t { document, object };

// The whole body as text, verified as the signature and the headers demand. Fails with
// MaxMessageLengthExceeded beyond `size_max`.
Task<Outcome<std::string>> read_document(Call& call, std::size_t size_max,
                                         ChecksumSubject subject = ChecksumSubject::document);

// How S3 names an owner: twelve digits, like an account.
std::string owner_id(catalog::UserId user);

// NoSuchKey about the key of the call, if `error` is "not found".
S3Error about_key(Error error, std::string_view key);

// The same for an upload.
S3Error about_upload(Error error, std::string_view upload);

// Judges an existing object inside the catalog's own step, and remembers why it refused.
class WriteGuard {
 public:
  explicit WriteGuard(Conditions conditions) : conditions_(std::move(conditions)) {}
  WriteGuard(const WriteGuard&) = delete;
  WriteGuard& operator=(const WriteGuard&) = delete;

  // Must not outlive the guard.
  catalog::Condition condition();

  // What to answer when the catalog returned `error`.
  S3Error explain(Error error) const;

 private:
  Conditions conditions_;
  std::optional<S3Error> refusal_;
};

// The object as conditions see it.
Subject subject_of(const catalog::ObjectInfo& object);

}  // namespace holdfast::s3
