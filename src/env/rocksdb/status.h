// RocksDB's failures as ours.
#pragma once

#include "base/result.h"

#include <string>

namespace rocksdb {
class Status;
}

namespace holdfast::env::rocksdb {

// `status` must be a failure. `what` says what was attempted.
Error to_error(const ::rocksdb::Status& status, std::string what);

// Nothing, or the failure.
Result<void> to_result(const ::rocksdb::Status& status, std::string_view what);

}  // namespace holdfast::env::rocksdb
