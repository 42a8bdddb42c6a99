// Node: one running Holdfast, put together: the only place where real implementations meet.
//
//   starting --keys--> locked --unlock--> ready <--> read_only
//        \______________________________/   |
//                                        draining --> gone
//
// It serves /v1 on a socket in its data folder from the start, and S3 on an address; while the
// vault is not open both say so.
#pragma once

#include "base/sync.h"
#include "catalog/users.h"
#include "env/linux/disk.h"
#include "gateway/s3/gateway.h"
#include "net/server.h"
#include "node/api.h"
#include "node/control.h"
#include "node/keeper.h"
#include "node/meter.h"
#include "node/outside.h"
#include "node/settings.h"
#include "node/signals.h"
#include "node/start_room.h"
#include "node/storage.h"
#include "node/vault_keys.h"

#include <memory>
#include <optional>
#include <string>

namespace holdfast::node {

struct NodeOptions {
  std::string data_folder;  // Absolute.
  Settings settings;
  Variables variables;
  // Reads the settings anew, for what can change while the node runs.
  std::function<Result<Settings>()> reread;
};

class Node final : public Control {
 public:
  // Takes the data folder, opens what can be opened, and serves. `outside` must outlive it. Fails
  // with `conflict`, saying who, when another process has the folder.
  static Task<Result<std::unique_ptr<Node>>> open(boost::asio::any_io_executor executor,
                                                  Outside& outside, NodeOptions options);
  ~Node() override;

  // Returns once a signal asked for the end, everything has been let go in order, and it is safe to
  // destroy the node.
  Task<void> serve();

  // The administrator's key, if this start has made it.
  const std::optional<catalog::Credentials>& new_credentials() const { return new_credentials_; }
  std::string credentials_file() const { return options_.data_folder + "/credentials"; }

  State state() const;
  const std::string& endpoint() const { return endpoint_; }
  const Settings& settings_used() const { return options_.settings; }

  // --- Control.
  Task<StatusReport> status() override;
  Result<Services*> services() override;
  Task<Result<void>> unlock(std::string passphrase) override;
  Task<Result<void>> lock() override;
  Task<Result<void>> checkpoint() override;
  Task<Result<std::vector<VaultKeyReport>>> vault_keys() override;
  Task<Result<std::string>> recovery_words() override;
  Task<Result<void>> set_passphrase(std::string passphrase) override;
  Task<Result<void>> remove_passphrase() override;
  std::vector<SettingReport> settings() const override;
  Task<std::string> metrics() override;

 private:
  Node(boost::asio::any_io_executor executor, Outside& outside, NodeOptions options);

  // Starting, in node_start.cpp.
  Task<Result<void>> take_folder();
  Task<Result<void>> open_disks();
  Result<void> serve_api();
  Result<void> serve_s3();
  Task<Result<void>> open_keys();
  Task<Result<void>> open_vault();
  Task<Result<void>> open_storage();
  Task<Result<void>> make_administrator();
  Result<void> store_credentials(const std::string& user, const catalog::Credentials& credentials);
  Result<std::optional<net::Certificate>> s3_certificate();
  Result<void> reload_certificate();

  Task<void> handle_s3(net::Exchange& exchange);
  Task<void> handle_api(net::Exchange& exchange);
  void enter(State phase);
  Task<void> close_storage();
  void reload();
  Task<void> let_go();

  boost::asio::any_io_executor executor_;
  Outside& outside_;
  NodeOptions options_;
  WallTime since_;
  State phase_ = State::starting;  // Set by enter() only.
  WaitList phase_changed_;
  std::string failure_;  // Why the vault could not be opened.

  // Destroyed in the opposite order: each uses those above it.
  std::unique_ptr<env::linux::Disk> data_;
  std::optional<StartRoom> start_room_;  // Of the data folder.
  std::unique_ptr<env::Lock> lock_;
  std::unique_ptr<env::linux::Disk> disk_;  // None: the data folder is it.
  std::unique_ptr<VaultKeys> keys_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<s3::Gateway> gateway_;
  Mutex changing_;        // Held while the vault is opened or closed.
  std::size_t uses_ = 0;  // Requests that may be using the storage.
  WaitList use_ended_;
  Api api_;
  Meter api_meter_;
  Meter s3_meter_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<net::Server> watch_server_;
  std::unique_ptr<net::Server> s3_server_;
  std::unique_ptr<net::Server> api_server_;

  std::string socket_;
  std::string endpoint_;
  std::string watch_endpoint_;
  std::optional<catalog::Credentials> new_credentials_;
};

}  // namespace holdfast::node
