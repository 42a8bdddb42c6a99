#include "cli/session/session.h"

#include "node/data_folder.h"

#include <fmt/format.h>

namespace holdfast::cli {

Result<std::string> Session::data_folder() const {
  node::Spoken spoken;
  if (common_.data) spoken["data"] = {*common_.data};
  return node::data_folder(spoken, around_.variables, around_.is_root_user);
}

Result<NodeClient*> Session::node() {
  if (!node_) {
    TRY_LET(const std::string folder, data_folder());
    TRY_LET(const std::string socket, node::find_socket(folder));
    TRY_LET(node_, NodeClient::find(around_.executor, folder, socket));
  }
  return node_.get();
}

Result<void> Session::show(const Table& table, bool as_json, std::string_view if_empty) {
  if (as_json) return terminal().print(table.to_json());
  if (table.is_empty()) {
    terminal().say(fmt::format("{}\n", if_empty));
    return {};
  }
  return terminal().print(table.to_text(terminal().is_output_shown() ? terminal().columns() : 0));
}

Result<void> Session::carry_on(Result<void> done) {
  if (done) return {};
  switch (done.error().code()) {
    case ErrorCode::not_found:
    case ErrorCode::already_exists:
    case ErrorCode::conflict:
    case ErrorCode::invalid:
    case ErrorCode::corrupt:
      report_failure(done.error());
      return {};
    case ErrorCode::denied:
    case ErrorCode::unsupported:
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
    case ErrorCode::full:
    case ErrorCode::io:
      break;
  }
  return done;
}

void Session::report_failure(const Error& error) {
  if (!failure_) failure_ = error.code();
  terminal().say(fmt::format("holdfast: {}\n", error.context()));
}

}  // namespace holdfast::cli
