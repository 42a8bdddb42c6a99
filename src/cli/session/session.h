// Session: one run of the command line: where it prints, which node it asks, and how it ends.
#pragma once

#include "base/result.h"
#include "cli/session/node_client.h"
#include "cli/session/table.h"
#include "cli/session/terminal.h"
#include "cli/tree/command.h"
#include "node/outside.h"
#include "node/settings.h"

#include <memory>
#include <optional>
#include <string>

namespace holdfast::cli {

// What a session works with. All outlive it.
struct Surroundings {
  boost::asio::any_io_executor executor;
  node::Outside& outside;  // Its workers also do what blocks: files of this machine.
  Terminal& terminal;
  const node::Variables& variables;
  const tree::Command& root;
  bool is_root_user = false;
};

// The options that every command takes.
struct CommonOptions {
  std::optional<std::string> data;
};

class Session {
 public:
  Session(Surroundings around, const CommonOptions& common) : around_(around), common_(common) {}

  const boost::asio::any_io_executor& executor() const { return around_.executor; }
  node::Outside& outside() const { return around_.outside; }
  env::Clock& clock() const { return around_.outside.clock(); }
  env::Workers& workers() const { return around_.outside.workers(); }
  Terminal& terminal() const { return around_.terminal; }
  const node::Variables& variables() const { return around_.variables; }
  const tree::Command& root() const { return around_.root; }
  bool is_root_user() const { return around_.is_root_user; }

  // Where the node's data lies, by --data, the environment, or who asks.
  Result<std::string> data_folder() const;

  const std::optional<std::string>& data_spoken() const { return common_.data; }  // By --data.

  // The node. `unavailable` when it does not run.
  Result<NodeClient*> node();

  // Shows rows to people, or as JSON. `if_empty` is told to people instead of an empty table.
  Result<void> show(const Table& table, bool as_json, std::string_view if_empty);

  // Something failed that does not keep the rest from being done: told now, and in the exit code.
  void report_failure(const Error& error);
  // Of one of several things that a command was asked for: what is wrong with that one alone is
  // reported, so that the others can follow. Any other failure is returned: it would meet them too.
  Result<void> carry_on(Result<void> done);
  // What failed first.
  std::optional<ErrorCode> failure() const { return failure_; }
  // Something was done, so that a failure makes the whole "done in part".
  void report_success() { has_success_ = true; }
  bool has_success() const { return has_success_; }

 private:
  Surroundings around_;
  CommonOptions common_;
  std::unique_ptr<NodeClient> node_;
  std::optional<ErrorCode> failure_;
  bool has_success_ = false;
};

}  // namespace holdfast::cli
