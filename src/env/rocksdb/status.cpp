#include "env/rocksdb/status.h"

#include <rocksdb/status.h>

namespace holdfast::env::rocksdb {
namespace {

ErrorCode code_of(const ::rocksdb::Status& status) {
  using Code = ::rocksdb::Status::Code;
  // kNoSpace comes as an I/O error, kSpaceLimit as either.
  if (status.IsNoSpace() || status.subcode() == ::rocksdb::Status::SubCode::kSpaceLimit)
    return ErrorCode::full;
  switch (status.code()) {
    case Code::kNotFound:
      return ErrorCode::not_found;
    case Code::kCorruption:
      return ErrorCode::corrupt;
    case Code::kNotSupported:
      return ErrorCode::unsupported;
    case Code::kInvalidArgument:
      return ErrorCode::invalid;
    case Code::kTimedOut:
      return ErrorCode::timed_out;
    case Code::kIncomplete:
    case Code::kShutdownInProgress:
    case Code::kAborted:
    case Code::kBusy:
    case Code::kTryAgain:
      return ErrorCode::unavailable;
    default:
      return status.IsPathNotFound() ? ErrorCode::not_found : ErrorCode::io;
  }
}

}  // namespace

Error to_error(const ::rocksdb::Status& status, std::string what) {
  return Error(code_of(status), std::move(what) + ": " + status.ToString());
}

Result<void> to_result(const ::rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return {};
  return std::unexpected(to_error(status, std::string(what)));
}

}  // namespace holdfast::env::rocksdb
