#include "base/hex.h"
#include "codec/digest.h"
#include "gateway/s3/gateway_test.h"
#include "gateway/s3/protocol/times.h"
#include "vault/families.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

constexpr auto region = "us-east-1";

// One request from memory, handed out in small pieces as a network would.
class FakeExchange final : public net::Exchange {
 public:
  static constexpr std::size_t piece_bytes = 5'000;

  FakeExchange(net::Request request, std::string body)
      : request_(std::move(request)), body_(std::move(body)) {}

  const net::Request& request() const override { return request_; }

  Task<Result<std::size_t>> read(MutableByteView into) override {
    const auto left = as_bytes(body_).subspan(taken_);
    const auto announced = request_.content_length.value_or(body_.size());
    if (left.empty() && taken_ < announced) {
      co_return fail(ErrorCode::invalid, "the body ends early");
    }
    const auto size = std::min({left.size(), into.size(), piece_bytes});
    std::ranges::copy(left.first(size), into.begin());
    taken_ += size;
    co_return size;
  }

  Task<Result<void>> start(net::ResponseHead head) override {
    has_started_ = true;
    answer.status = head.status;
    answer.headers = std::move(head.headers);
    co_return Result<void>();
  }

  Task<Result<void>> write(std::span<const ByteView> pieces) override {
    for (const ByteView piece : pieces) answer.body += as_text(piece);
    co_return Result<void>();
  }

  Task<Result<void>> respond(net::ResponseHead head, std::string body) override {
    CO_TRY(co_await start(std::move(head)));
    answer.body = std::move(body);
    co_return Result<void>();
  }

  void abort() override { answer.was_aborted = true; }

  Task<Result<std::unique_ptr<net::RawConnection>>> upgrade(net::ResponseHead) override {
    co_return fail(ErrorCode::unsupported, "S3 never hands a connection over");
  }

  Answer answer;

 private:
  net::Request request_;
  std::string body_;
  std::size_t taken_ = 0;
};

}  // namespace

void FakeUsers::add(std::string name, bool is_admin) {
  users_.push_back(
      {.id = users_.size() + 1, .name = std::move(name), .is_admin = is_admin, .created = {}});
}

Task<Result<catalog::User>> FakeUsers::create(std::string name, bool is_admin) {
  add(std::move(name), is_admin);
  co_return users_.back();
}

Task<Result<catalog::User>> FakeUsers::find(std::string name) {
  const auto found = std::ranges::find(users_, name, &catalog::User::name);
  if (found == users_.end()) co_return fail(ErrorCode::not_found, "no such user");
  co_return *found;
}

Task<Result<catalog::User>> FakeUsers::find(catalog::UserId id) {
  const auto found = std::ranges::find(users_, id, &catalog::User::id);
  if (found == users_.end()) co_return fail(ErrorCode::not_found, "no such user");
  co_return *found;
}

Task<Result<std::vector<catalog::User>>> FakeUsers::list() {
  co_return users_;
}

Task<Result<void>> FakeUsers::remove(std::string name) {
  std::erase_if(users_, [&](const catalog::User& user) { return user.name == name; });
  co_return Result<void>();
}

Task<Result<catalog::Credentials>> FakeUsers::create_key(
    std::string user, [[maybe_unused]] std::optional<catalog::Credentials> given) {
  co_return catalog::Credentials{.access_key = user, .secret_key = secret_of(user)};
}

Task<Result<std::vector<catalog::AccessKey>>> FakeUsers::list_keys(
    [[maybe_unused]] std::optional<std::string> user) {
  co_return std::vector<catalog::AccessKey>();
}

Task<Result<void>> FakeUsers::revoke_key(std::string access_key) {
  co_return co_await remove(std::move(access_key));
}

std::optional<catalog::Signer> FakeUsers::find_signer(std::string_view access_key) const {
  const auto found = std::ranges::find(users_, access_key, &catalog::User::name);
  if (found == users_.end()) return std::nullopt;
  return catalog::Signer{.user = *found, .secret_key = secret_of(access_key)};
}

std::string secret_of(std::string_view user) {
  return "secret of " + std::string(user);
}

std::string Answer::element(std::string_view name) const {
  const auto open = fmt::format("<{}>", name);
  const auto from = body.find(open);
  if (from == body.npos) return {};
  const auto until = body.find(fmt::format("</{}>", name), from);
  return body.substr(from + open.size(), until - from - open.size());
}

GatewayTest::GatewayTest() {
  users.add("alice", false);
  users.add("bob", false);
  users.add("root", true);
  process.emplace(world);
  world.run(start());
}

void GatewayTest::TearDown() {
  process->kill();
  world.abandon();
  gateway.reset();
  catalog.reset();
  vault.reset();
  slot.reset();
}

Task<void> GatewayTest::start() {
  slot = (co_await slot::LocalSlot::create(disk, "slot", world.random())).value();
  auto families = vault::vault_families();
  for (auto& family : catalog::Catalog::families()) families.push_back(std::move(family));
  auto opened = co_await vault::LocalVault::open(
      {.executor = process->executor(),
       .slot = *slot,
       .keys = keys,
       .clock = world,
       .random = world.random(),
       .workers = workers,
       .log = std::make_unique<vault::MemoryLog>(log, world),
       .table = sim::Table::open(tables, "table", std::move(families)).value()},
      {});
  vault = std::move(opened).value();
  catalog = (co_await catalog::Catalog::open(*vault, world, world.random())).value();
  gateway = std::make_unique<Gateway>(
      *catalog, users, *vault, world, world.random(), workers,
      GatewayOptions{
          .region = region, .domains = {"s3.test"}, .is_serving = [this] { return is_serving; }});
}

GatewayTest::Signed GatewayTest::sign(const Ask& ask) const {
  Signed made;
  auto& request = made.request;
  request.method = ask.method;
  request.target = ask.target;
  request.headers.add("Host", "localhost:9000");
  for (const auto& [name, value] : ask.headers) request.headers.add(name, value);
  request.content_length = ask.announced.value_or(ask.body.size());
  if (ask.user.empty()) return made;
  auto& authorization = made.authorization;
  authorization.access_key = ask.user;
  authorization.timestamp = format_amz_time(world.wall_now());
  authorization.date = authorization.timestamp.substr(0, 8);
  authorization.region = region;
  authorization.payload_hash =
      ask.payload.empty() ? to_hex(codec::Sha256::of(as_bytes(ask.body))) : ask.payload;
  request.headers.add("x-amz-date", authorization.timestamp);
  request.headers.add("x-amz-content-sha256", authorization.payload_hash);
  for (const auto& [name, value] : request.headers.fields()) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return static_cast<char>(std::tolower(c)); });
    authorization.signed_headers.push_back(std::move(lower));
  }
  auto& names = authorization.signed_headers;
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  made.key = derive_signing_key(secret_of(ask.user), authorization.date, region);
  const std::vector<std::string> domains{"s3.test"};
  const auto target = parse_target(request, domains).value();
  const auto canonical = canonical_request(authorization, request, target);
  authorization.signature = s3::sign(made.key, string_to_sign(authorization, canonical));
  request.headers.add(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, "
                  "Signature={}",
                  ask.user, authorization.scope(), fmt::join(names, ";"), authorization.signature));
  return made;
}

Answer GatewayTest::deliver(net::Request request, std::string body) {
  FakeExchange exchange(std::move(request), std::move(body));
  world.run(gateway->handle(exchange));
  return std::move(exchange.answer);
}

Answer GatewayTest::send(Ask ask) {
  auto made = sign(ask);
  return deliver(std::move(made.request), std::move(ask.body));
}

std::string GatewayTest::encode_chunks(const Signed& made, std::string_view bytes,
                                       std::size_t chunk_bytes, std::string_view trailer) const {
  const auto& authorization = made.authorization;
  const bool is_signed = authorization.payload_hash.starts_with("STREAMING-AWS4");
  auto before = authorization.signature;
  const auto sign_text = [&](std::string_view kind, std::string_view rest) {
    before = s3::sign(
        made.key, fmt::format("AWS4-HMAC-SHA256-{}\n{}\n{}\n{}\n{}", kind, authorization.timestamp,
                              authorization.scope(), before, rest));
    return before;
  };
  const auto hash = [](std::string_view text) { return to_hex(codec::Sha256::of(as_bytes(text))); };
  std::string out;
  while (true) {
    const auto chunk = bytes.substr(0, chunk_bytes);
    bytes.remove_prefix(chunk.size());
    out += fmt::format("{:x}", chunk.size());
    if (is_signed) {
      out += ";chunk-signature=" + sign_text("PAYLOAD", hash("") + "\n" + hash(chunk));
    }
    out.append("\r\n").append(chunk);
    if (chunk.empty()) break;
    out += "\r\n";
  }
  if (!trailer.empty()) {
    out.append(trailer).append("\r\n");
    if (is_signed) {
      out += "x-amz-trailer-signature:" + sign_text("TRAILER", hash(std::string(trailer) + "\n")) +
             "\r\n";
    }
  }
  return out + "\r\n";
}

std::string noise(std::size_t size) {
  sim::Random random(size);
  std::string bytes(size, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace holdfast::s3
