// A file system for RocksDB whose files are encrypted on their way to the one below: see
// file_cipher.h. Names, sizes (larger by the header) and times stay as they are.
//
// A file shorter than its header, or with a header of zeros, is what a crash left of a file never
// synced: it reads as empty.
#pragma once

#include "base/result.h"
#include "env/rocksdb/file_cipher.h"

#include <memory>
#include <string>

namespace rocksdb {
class FileSystem;
}

namespace holdfast::env::rocksdb {

std::shared_ptr<::rocksdb::FileSystem> encrypt_files(std::shared_ptr<::rocksdb::FileSystem> below,
                                                     const Key& key);

// Whether the file at `path` of the file system below was made under `key`. Fails as
// TableCipher::open_file does, with `not_found` or `io`.
Result<void> verify_key(::rocksdb::FileSystem& below, const std::string& path, const Key& key);

}  // namespace holdfast::env::rocksdb
