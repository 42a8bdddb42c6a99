// How a node begins: data folder, sockets, keys, vault, in this order.
#include "base/log.h"
#include "node/data_folder.h"
#include "node/keeper.h"
#include "node/machine.h"
#include "node/node.h"
#include "node/signals.h"
#include "node/timestamp.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace holdfast::node {
namespace {

constexpr const char* lock_file = "lock";
// A process that was killed a moment ago holds its lock until the system has taken it apart.
constexpr int lock_attempts = 10;
constexpr std::chrono::milliseconds between_lock_attempts{100};

constexpr const char* administrator = "admin";
constexpr std::size_t passphrase_bytes_max = 1024;
constexpr std::size_t pem_bytes_max = 1 * mib;
constexpr int certificate_days = 825;  // What the strictest clients accept.

// Without the line's end.
Result<std::string> read_passphrase(const std::string& path) {
  TRY_LET(std::string text, read_note(path, passphrase_bytes_max));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) {
    return fail(ErrorCode::invalid, fmt::format("The passphrase file {} is empty.", path));
  }
  return text;
}

std::optional<catalog::Credentials> told_credentials(const Variables& variables) {
  const auto access = variables.find("HOLDFAST_ACCESS_KEY");
  const auto secret = variables.find("HOLDFAST_SECRET_KEY");
  if (access == variables.end() || secret == variables.end()) return std::nullopt;
  return catalog::Credentials{access->second, secret->second};
}

// What to do about a start that failed for want of room, or met damage that nothing here can mend.
template <class T>
Result<T> with_remedy(Result<T> opened, const NodeOptions& options) {
  if (opened) return opened;
  const ErrorCode code = opened.error().code();
  if (code != ErrorCode::full && code != ErrorCode::corrupt) return opened;
  std::string folders = options.data_folder;
  for (const std::string& disk : options.settings.list("disk")) {
    if (disk != options.data_folder)
      folders += code == ErrorCode::full ? " or " + disk : " and " + disk;
  }
  if (code == ErrorCode::corrupt) {
    return fail(code, fmt::format("{}.\nWhat is damaged was left as it is. Restore that file from "
                                  "a backup made since the last start, else all of {} from one "
                                  "backup, and start again.",
                                  opened.error().context(), folders));
  }
  return fail(ErrorCode::full,
              fmt::format("{}.\nThe disk is full: remove something else from the file system of "
                          "{}, or make it larger, and start again.",
                          opened.error().context(), folders));
}

std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

Task<Result<std::unique_ptr<Node>>> Node::open(boost::asio::any_io_executor executor,
                                               Outside& outside, NodeOptions options) {
  std::unique_ptr<Node> node(new Node(std::move(executor), outside, std::move(options)));
  log::configure(log_level_of(node->options_.settings), log_format_of(node->options_.settings));
  guard_memory();
  guard_files();
  node->signals_ = std::make_unique<Signals>(node->executor_);
  CO_TRY(co_await node->take_folder());
  CO_TRY(co_await node->open_disks());
  CO_TRY(node->serve_api());
  auto begun = node->serve_s3();
  if (begun) begun = co_await node->open_keys();
  if (!begun) {
    co_await node->let_go();
    co_return std::unexpected(std::move(begun).error());
  }
  co_return node;
}

Task<Result<void>> Node::take_folder() {
  const std::string& folder = options_.data_folder;
  CO_TRY(make_data_folder(folder));
  CO_TRY_LET(data_, env::linux::Disk::open(executor_, folder));
  const std::string holder = fmt::format("process {}, since {}", ::getpid(), to_rfc3339(since_));
  auto taken = co_await data_->lock(lock_file, holder);
  for (int attempt = 1; attempt < lock_attempts && !taken; ++attempt) {
    if (taken.error().code() != ErrorCode::conflict) break;
    co_await outside_.clock().sleep_until(outside_.clock().now() + between_lock_attempts);
    taken = co_await data_->lock(lock_file, holder);
  }
  if (!taken && taken.error().code() == ErrorCode::conflict) {
    const auto other = co_await env::read_file(*data_, lock_file, 4 * kib);
    co_return fail(ErrorCode::conflict,
                   fmt::format("Another node runs on {}: {}.\n`holdfast status` tells how it is; a "
                               "second one needs a folder of its own (--data).",
                               folder, other ? as_text(*other) : "somebody"));
  }
  CO_TRY_LET(lock_, std::move(taken));
  start_room_.emplace(*data_);
  co_await start_room_->make_room();
  forget_file(folder + "/endpoint");  // Of a run that ended without being asked.
  co_return Result<void>();
}

Task<Result<void>> Node::open_disks() {
  const auto& disks = options_.settings.list("disk");
  if (disks.size() > 1) {
    co_return fail(ErrorCode::unsupported,
                   "This version stores on one disk. Name one --disk only.");
  }
  if (!disks.empty() && disks.front() != options_.data_folder) {
    auto opened = env::linux::Disk::open(executor_, disks.front());
    if (!opened) {
      co_return std::unexpected(
          std::move(opened).error().within(fmt::format("use the disk {}", disks.front())));
    }
    disk_ = std::move(*opened);
  }
  co_return Result<void>();
}

Result<void> Node::serve_api() {
  TRY_LET(socket_, place_socket(options_.data_folder, options_.variables));
  const net::Handler handler = [this](net::Exchange& exchange) { return handle_api(exchange); };
  api_server_ = std::make_unique<net::Server>(executor_, [this, handler](net::Exchange& exchange) {
    return api_meter_.measure(exchange, handler);
  });
  TRY(api_server_->listen("unix:" + socket_));
  const std::string address = options_.settings.text("metrics");
  if (address.empty()) return {};
  watch_server_ = std::make_unique<net::Server>(
      executor_, [this](net::Exchange& exchange) { return api_.handle_watcher(exchange); });
  TRY_LET(const std::string served, watch_server_->listen(address));
  watch_endpoint_ = "http://" + served;
  return {};
}

Result<void> Node::serve_s3() {
  const std::string address = options_.settings.text("s3");
  TRY_LET(auto certificate, s3_certificate());
  const bool is_secure = certificate.has_value();
  const net::Handler handler = [this](net::Exchange& exchange) { return handle_s3(exchange); };
  s3_server_ = std::make_unique<net::Server>(executor_, [this, handler](net::Exchange& exchange) {
    return s3_meter_.measure(exchange, handler);
  });
  auto served = s3_server_->listen(address, std::move(certificate));
  if (!served) {
    const bool is_taken = served.error().code() == ErrorCode::conflict;
    return fail(served.error().code(),
                fmt::format("S3 cannot be served on {}: {}.{}", address, served.error().context(),
                            is_taken ? "\nChoose another address with --s3; port 0 lets the system "
                                       "choose."
                                     : ""));
  }
  endpoint_ = (is_secure ? "https://" : "http://") + *served;
  auto noted = write_note(options_.data_folder + "/endpoint", endpoint_ + "\n");
  if (noted || noted.error().code() != ErrorCode::full) return noted;
  log::warning("{} `holdfast status` tells where S3 is.", noted.error().context());
  return {};
}

Result<std::optional<net::Certificate>> Node::s3_certificate() {
  const Settings& settings = options_.settings;
  net::Certificate certificate;
  if (!settings.text("s3-cert").empty()) {
    TRY_LET(certificate.chain, read_note(settings.text("s3-cert"), pem_bytes_max));
    TRY_LET(certificate.private_key, read_note(settings.text("s3-key"), pem_bytes_max));
    return std::optional(std::move(certificate));
  }
  if (!settings.is_on("s3-tls")) return std::optional<net::Certificate>();
  // One that was made stays, so that clients that trust it go on to.
  const std::string chain = options_.data_folder + "/s3-cert.pem";
  const std::string key = options_.data_folder + "/s3-key.pem";
  auto kept = read_note(chain, pem_bytes_max);
  auto kept_key = read_note(key, pem_bytes_max);
  if (kept && kept_key) {
    certificate = {std::move(*kept), std::move(*kept_key)};
    const auto end = net::expiry(certificate);
    if (end && *end > outside_.clock().wall_now()) return std::optional(std::move(certificate));
  }
  std::vector<std::string> hosts{"localhost", "127.0.0.1", "::1"};
  const std::string host = host_of(settings.text("s3"));
  if (!host.empty() && host != "127.0.0.1" && host != "0.0.0.0" && host != "::") {
    hosts.push_back(host);
  }
  for (const std::string& domain : settings.list("domain")) {
    hosts.push_back(domain);
    hosts.push_back("*." + domain);
  }
  TRY_LET(certificate, net::make_self_signed(hosts, outside_.clock().wall_now(), certificate_days));
  TRY(write_note(key, certificate.private_key));
  TRY(write_note(chain, certificate.chain));
  return std::optional(std::move(certificate));
}

Task<Result<void>> Node::open_keys() {
  const auto hold = co_await changing_.lock();
  std::optional<std::string> passphrase;
  if (const std::string file = options_.settings.text("passphrase-file"); !file.empty()) {
    CO_TRY_LET(passphrase, read_passphrase(file));
  }
  CO_TRY_LET(keys_,
             with_remedy(co_await VaultKeys::open(*data_, options_.data_folder, outside_.random(),
                                                  outside_.workers(), passphrase),
                         options_));
  if (keys_->has_passphrase() && !passphrase && !keys_->ring()) {
    enter(State::locked);
    log::info("the vault is locked; `holdfast vault unlock` opens it");
    co_return Result<void>();
  }
  if (keys_->has_passphrase() && passphrase) {
    CO_TRY(co_await keys_->unlock(std::move(*passphrase)));
  } else {
    if (passphrase) {
      log::warning(
          "The vault has no passphrase; the one of --passphrase-file opens nothing. `holdfast "
          "vault "
          "passphrase` sets one.");
    }
    CO_TRY(with_remedy(co_await keys_->unlock_by_machine(), options_));
  }
  co_return co_await open_vault();
}

// With the keys unlocked, and changing_ held.
Task<Result<void>> Node::open_vault() {
  enter(State::starting);
  co_await start_room_->make_room();
  auto opened = co_await open_storage();
  if (!opened) {
    opened = with_remedy(std::move(opened), options_);
    enter(State::failed);
    failure_ = opened.error().context();
    log::error("the vault could not be opened: {}", failure_);
    co_return opened;
  }
  CO_TRY(co_await make_administrator());
  Services& services = storage_->services();
  gateway_ = std::make_unique<s3::Gateway>(
      services.catalog, services.users, services.vault, outside_.clock(), outside_.random(),
      outside_.workers(),
      s3::GatewayOptions{.region = options_.settings.text("region"),
                         .domains = options_.settings.list("domain"),
                         .is_serving = [this] { return phase_ == State::ready; }});
  keeper_ = std::make_unique<Keeper>(executor_, outside_.clock(), services, *start_room_, [this] {
    return s3_meter_.activity() + api_meter_.activity();
  });
  co_await start_room_->keep();  // Of what the start has left.
  enter(State::ready);
  log::info("ready; S3 is at {}", endpoint_);
  co_return Result<void>();
}

Task<Result<void>> Node::open_storage() {
  CO_TRY_LET(storage_,
             co_await Storage::open({.executor = executor_,
                                     .outside = outside_,
                                     .data = *data_,
                                     .data_folder = options_.data_folder,
                                     .disk = disk_ ? *disk_ : *data_,
                                     .disk_folder = disk_ ? options_.settings.list("disk").front()
                                                          : options_.data_folder,
                                     .keys = *keys_}));
  co_return Result<void>();
}

// A vault without users gets an administrator. The key that was told for automation is made to work
// at each start.
Task<Result<void>> Node::make_administrator() {
  catalog::Users& users = storage_->services().users;
  const auto told = told_credentials(options_.variables);
  CO_TRY_LET(const auto known, co_await users.list());
  const auto first = std::ranges::find_if(known, &catalog::User::is_admin);
  const std::string name = first == known.end() ? administrator : first->name;
  if (first == known.end()) {
    CO_TRY(co_await users.create(name, true));
  } else if (!told) {
    CO_TRY_LET(const auto keys, co_await users.list_keys(std::nullopt));
    // Without any, a start ended between user and key.
    if (!keys.empty() || known.size() > 1) co_return Result<void>();
  }
  if (told) {
    const auto signer = users.find_signer(told->access_key);
    if (signer && signer->secret_key == told->secret_key) co_return Result<void>();
    if (signer) {
      CO_TRY(co_await users.revoke_key(told->access_key));
    }
  }
  CO_TRY_LET(const auto credentials, co_await users.create_key(name, told));
  CO_TRY(store_credentials(name, credentials));
  new_credentials_ = credentials;
  log::info("the administrator's access key is in {}", credentials_file());
  co_return Result<void>();
}

// In the form that S3 tools read, named by AWS_SHARED_CREDENTIALS_FILE.
Result<void> Node::store_credentials(const std::string& user,
                                     const catalog::Credentials& credentials) {
  return write_note(credentials_file(),
                    fmt::format("# Access to S3 at {} for the user {}.\n[default]\n"
                                "aws_access_key_id = {}\naws_secret_access_key = {}\n",
                                endpoint_, user, credentials.access_key, credentials.secret_key));
}

}  // namespace holdfast::node
