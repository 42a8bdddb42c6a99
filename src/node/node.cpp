#include "node/node.h"

#include "base/log.h"
#include "node/machine.h"
#include "node/signals.h"
#include "node/version.h"

#include <fmt/format.h>

#include <unistd.h>

namespace holdfast::node {
namespace {

constexpr Duration drain_patience = std::chrono::seconds(10);
// For background work to come to a stop. What is not done by then is as after a crash, which is
// safe.
constexpr Duration close_patience = std::chrono::seconds(10);

std::unexpected<Error> not_open(State state, const std::string& failure) {
  switch (state) {
    case State::starting:
      return fail(ErrorCode::unavailable, "The node is still starting. Try again in a moment.");
    case State::locked:
      return fail(ErrorCode::unavailable,
                  "The vault is locked.\nOpen it first: holdfast vault unlock");
    case State::draining:
      return fail(ErrorCode::unavailable, "The node is stopping.");
    case State::failed:
    case State::ready:
    case State::read_only:
      break;
  }
  return fail(ErrorCode::unavailable, fmt::format("The vault could not be opened: {}", failure));
}

// All but what tells how the start goes.
bool waits_for_start(std::string_view target) {
  return target.starts_with("/v1/") && !target.starts_with("/v1/status") &&
         !target.starts_with("/v1/config");
}

bool changes_storage(std::string_view target) {
  return target == "/v1/vault/lock" || target == "/v1/vault/unlock";
}

}  // namespace

Node::Node(boost::asio::any_io_executor executor, Outside& outside, NodeOptions options)
    : executor_(std::move(executor)),
      outside_(outside),
      options_(std::move(options)),
      since_(outside.clock().wall_now()),
      api_({.control = *this, .clock = outside.clock(), .workers = outside.workers()}),
      api_meter_("api", outside.clock()),
      s3_meter_("s3", outside.clock()) {}

Node::~Node() = default;

State Node::state() const {
  if (phase_ == State::ready && storage_ && storage_->services().vault.is_read_only()) {
    return State::read_only;
  }
  return phase_;
}

Task<void> Node::serve() {
  for (;;) {
    switch (co_await signals_->next()) {
      case Signal::reload:
        reload();
        break;
      case Signal::end:
        log::info("stopping; requests at work have {} seconds",
                  std::chrono::duration_cast<std::chrono::seconds>(drain_patience).count());
        co_await let_go();
        log::info("stopped");
        co_return;
    }
  }
}

void Node::reload() {
  auto settings = options_.reread();
  if (!settings) {
    log::error("the settings stay as they were: {}", settings.error().context());
    return;
  }
  options_.settings = std::move(*settings);
  log::set_level(log_level_of(options_.settings));
  if (const auto done = reload_certificate(); !done) {
    log::error("the certificate stays as it was: {}", done.error().context());
  }
  log::info("settings read anew");
}

Result<void> Node::reload_certificate() {
  TRY_LET(const auto certificate, s3_certificate());
  if (!certificate) return {};
  auto done = s3_server_->reload(*certificate);
  if (done) return done;
  const std::string key = options_.settings.text("s3-key");
  return std::unexpected(std::move(done).error().within(key.empty() ? "the one made here" : key));
}

Task<void> Node::let_go() {
  enter(State::draining);
  signals_->end_at_once_on_next();
  signals_->end_after(drain_patience + close_patience);
  if (s3_server_) co_await s3_server_->drain(drain_patience);
  if (watch_server_) co_await watch_server_->drain(Duration(0));
  co_await api_server_->drain(drain_patience);
  {
    const auto hold = co_await changing_.lock();
    co_await close_storage();
  }
  forget_file(socket_);
  forget_file(options_.data_folder + "/endpoint");
}

Task<void> Node::handle_s3(net::Exchange& exchange) {
  if (!gateway_ || phase_ != State::ready) {
    co_await s3::answer_unavailable(exchange, outside_.random());
    co_return;
  }
  ++uses_;
  co_await gateway_->handle(exchange);
  --uses_;
  use_ended_.wake_all();
}

void Node::enter(State phase) {
  phase_ = phase;
  phase_changed_.wake_all();
}

Task<void> Node::handle_api(net::Exchange& exchange) {
  while (phase_ == State::starting && waits_for_start(exchange.request().target)) {
    co_await phase_changed_.wait();
  }
  // Those that open or close the storage wait for all others, so they cannot be among them.
  const bool is_use = !changes_storage(exchange.request().target);
  uses_ += is_use ? 1 : 0;
  co_await api_.handle(exchange);
  uses_ -= is_use ? 1 : 0;
  use_ended_.wake_all();
}

// With changing_ held. New requests are refused by then.
Task<void> Node::close_storage() {
  if (!storage_) co_return;
  while (uses_ > 0) co_await use_ended_.wait();
  if (keeper_) co_await keeper_->stop();
  keeper_.reset();
  gateway_.reset();
  co_await storage_->close();
  storage_.reset();
}

Task<StatusReport> Node::status() {
  StatusReport report;
  report.state = state();
  if (report.state == State::read_only) {
    report.reason =
        "There is no room left: reads and deletes go on. Remove something, then "
        "`holdfast vault collect`, or give the disk more room.";
  } else if (report.state != State::ready) {
    report.reason = not_open(report.state, failure_).error().context();
  }
  report.version = version();
  report.process = static_cast<std::uint64_t>(::getpid());
  report.since = since_;
  report.data_folder = options_.data_folder;
  report.site = options_.settings.text("site");
  report.s3 = endpoint_;
  report.region = options_.settings.text("region");
  report.metrics = watch_endpoint_;
  const auto& disks = options_.settings.list("disk");
  env::linux::Disk& disk = disk_ ? *disk_ : *data_;
  if (const auto space = co_await disk.space()) {
    report.disks.push_back({.folder = disks.empty() ? options_.data_folder : disks.front(),
                            .size = space->size,
                            .free = space->free,
                            .access = std::string(disk.backend())});
  }
  co_return report;
}

Result<Services*> Node::services() {
  if (phase_ != State::ready || !storage_) return not_open(phase_, failure_);
  return &storage_->services();
}

Task<Result<void>> Node::unlock(std::string passphrase) {
  const auto hold = co_await changing_.lock();
  if (phase_ != State::locked) co_return Result<void>();
  CO_TRY(co_await keys_->unlock(std::move(passphrase)));
  co_return co_await open_vault();
}

Task<Result<void>> Node::lock() {
  const auto hold = co_await changing_.lock();
  if (phase_ == State::locked) co_return Result<void>();
  if (phase_ != State::ready) co_return not_open(phase_, failure_);
  if (!keys_->has_passphrase()) {
    co_return fail(ErrorCode::conflict,
                   "Without a passphrase the vault could not be opened again.\nSet one first: "
                   "holdfast vault passphrase");
  }
  enter(State::locked);
  co_await close_storage();
  keys_->lock();
  log::info("the vault is locked");
  co_return Result<void>();
}

Task<Result<void>> Node::checkpoint() {
  CO_TRY(services());
  co_return co_await storage_->checkpoint();
}

Task<Result<std::vector<VaultKeyReport>>> Node::vault_keys() {
  if (!keys_) co_return not_open(phase_, failure_);
  co_return keys_->report();
}

Task<Result<std::string>> Node::recovery_words() {
  if (!keys_) co_return not_open(phase_, failure_);
  co_return keys_->recovery_words();
}

Task<Result<void>> Node::set_passphrase(std::string passphrase) {
  const auto hold = co_await changing_.lock();
  if (!keys_) co_return not_open(phase_, failure_);
  co_return co_await keys_->set_passphrase(std::move(passphrase));
}

Task<Result<void>> Node::remove_passphrase() {
  const auto hold = co_await changing_.lock();
  if (!keys_) co_return not_open(phase_, failure_);
  co_return co_await keys_->remove_passphrase();
}

std::vector<SettingReport> Node::settings() const {
  std::vector<SettingReport> reports;
  for (const SettingRule& rule : setting_rules()) {
    const Setting& setting = options_.settings.get(rule.name);
    SettingReport report{.name = rule.name, .values = setting.values, .origin = {}};
    if (rule.name == "data") report.values = {options_.data_folder};
    if (!report.values.empty()) report.origin = options_.settings.origin(rule.name);
    reports.push_back(std::move(report));
  }
  return reports;
}

Task<std::string> Node::metrics() {
  const StatusReport now = co_await status();
  std::string text = describe_process(outside_.clock().wall_now().since_epoch - since_.since_epoch);
  text += "# TYPE holdfast_state stateset\n# HELP holdfast_state What the node is doing.\n";
  for (const State state : {State::starting, State::locked, State::ready, State::read_only,
                            State::draining, State::failed}) {
    text += fmt::format("holdfast_state{{holdfast_state=\"{}\"}} {}\n", to_string(state),
                        state == now.state ? 1 : 0);
  }
  text += gauge("holdfast_disk_size_bytes", "Room on the disk.",
                now.disks.empty() ? 0 : now.disks.front().size);
  text += gauge("holdfast_disk_free_bytes", "Room left on the disk.",
                now.disks.empty() ? 0 : now.disks.front().free);
  if (phase_ == State::ready && storage_) {
    if (const auto usage = co_await storage_->services().vault.usage()) {
      text += gauge("holdfast_vault_unique_bytes", "Plain bytes of the chunks kept.",
                    usage->unique_bytes);
      text += gauge("holdfast_vault_stored_bytes", "Bytes of segments and logs on disks.",
                    usage->stored_bytes);
      text += gauge("holdfast_vault_chunks", "Chunks kept.", usage->chunk_count);
      text += gauge("holdfast_vault_segments", "Segments kept.", usage->segment_count);
    }
  }
  text += gauge("holdfast_s3_connections", "Open connections of S3 clients.",
                s3_server_ ? s3_server_->connection_count() : 0);
  co_return text + Meter::render({&api_meter_, &s3_meter_}) + "# EOF\n";
}

}  // namespace holdfast::node
