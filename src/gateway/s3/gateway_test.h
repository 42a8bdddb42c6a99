// What tests of the gateway share: a whole grid of one in virtual time, and a client that signs.
#pragma once

#include "catalog/catalog.h"
#include "gateway/s3/gateway.h"
#include "gateway/s3/protocol/sigv4.h"
#include "sim/disk.h"
#include "sim/table.h"
#include "sim/workers.h"
#include "sim/world.h"
#include "slot/local_slot.h"
#include "vault/local_vault.h"
#include "vault/memory_log_test.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::s3 {

// Users that a test names, each with a key of the user's name and the secret "secret of NAME".
class FakeUsers final : public catalog::Users {
 public:
  void add(std::string name, bool is_admin);

  Task<Result<catalog::User>> create(std::string name, bool is_admin) override;
  Task<Result<catalog::User>> find(std::string name) override;
  Task<Result<catalog::User>> find(catalog::UserId id) override;
  Task<Result<std::vector<catalog::User>>> list() override;
  Task<Result<void>> remove(std::string name) override;
  Task<Result<catalog::Credentials>> create_key(std::string user,
                                                std::optional<catalog::Credentials> given) override;
  Task<Result<std::vector<catalog::AccessKey>>> list_keys(std::optional<std::string> user) override;
  Task<Result<void>> revoke_key(std::string access_key) override;
  std::optional<catalog::Signer> find_signer(std::string_view access_key) const override;

 private:
  std::vector<catalog::User> users_;
};

std::string secret_of(std::string_view user);

// A request before it is signed.
struct Ask {
  std::string method = "GET";
  std::string target = "/";
  std::vector<net::Headers::Field> headers = {};
  std::string body = {};
  std::string user = "alice";                   // Empty: does not sign.
  std::string payload = {};                     // x-amz-content-sha256; empty: the body's hash.
  std::optional<std::uint64_t> announced = {};  // Content-Length, if not the body's.
};

struct Answer {
  unsigned status = 0;
  net::Headers headers = {};
  std::string body = {};
  bool was_aborted = false;

  // The text of the first element of that name.
  std::string element(std::string_view name) const;
  std::string code() const { return element("Code"); }
  std::string header(std::string_view name) const {
    return std::string(headers.find(name).value_or(""));
  }
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest();
  void TearDown() override;

  Answer send(Ask ask);
  Answer put(std::string target, std::string body, std::vector<net::Headers::Field> headers = {}) {
    return send({.method = "PUT",
                 .target = std::move(target),
                 .headers = std::move(headers),
                 .body = std::move(body)});
  }
  Answer get(std::string target, std::vector<net::Headers::Field> headers = {}) {
    return send({.target = std::move(target), .headers = std::move(headers)});
  }
  // The request as a client would send it, and what signs its chunks.
  struct Signed {
    net::Request request;
    Authorization authorization;
    SigningKey key;
  };
  Signed sign(const Ask& ask) const;
  Answer deliver(net::Request request, std::string body);

  // `bytes` as aws-chunked, signed where the request is.
  std::string encode_chunks(const Signed& made, std::string_view bytes, std::size_t chunk_bytes,
                            std::string_view trailer = {}) const;

  sim::World world;
  sim::Disk disk{world};
  sim::TableStore tables{1};
  vault::MemoryLogStore log;
  sim::Workers workers;
  vault::KeyRing keys = vault::KeyRing::draw(world.random());
  FakeUsers users;
  bool is_serving = true;

  std::optional<sim::Process> process;
  std::unique_ptr<slot::LocalSlot> slot;
  std::unique_ptr<vault::LocalVault> vault;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<Gateway> gateway;

 private:
  Task<void> start();
};

// Bytes that no compressor shortens, the same for the same size.
std::string noise(std::size_t size);

}  // namespace holdfast::s3
