// The encryption of one file of a table: a header that names the file's nonce, then AES-256-CTR
// under a key derived from the table's key and that nonce. docs/formats/table-files.md has the
// bytes.
//
// Keeps content secret, does not authenticate it: RocksDB's block checksums catch rot, and a table
// is a cache that a log can rebuild.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

typedef struct evp_cipher_st EVP_CIPHER;
typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
typedef struct evp_mac_ctx_st EVP_MAC_CTX;

namespace holdfast::env::rocksdb {

// The key of a table. Two tables may share one.
using Key = std::array<std::byte, 32>;

inline constexpr std::size_t file_header_bytes = 64;
using FileHeader = std::array<std::byte, file_header_bytes>;

class FileCipher;

// Makes the ciphers of a table's files. Safe from any thread.
class TableCipher {
 public:
  explicit TableCipher(const Key& key);

  // Draws a nonce for a new file and fills in its header.
  std::unique_ptr<FileCipher> create_file(FileHeader& header) const;

  // Fails with `denied` if the file was made under another key, `corrupt` if the header is damaged
  // or no header, `unsupported` if a newer release wrote it.
  Result<std::unique_ptr<FileCipher>> open_file(const FileHeader& header) const;

 private:
  struct FreeMac {
    void operator()(EVP_MAC_CTX* mac) const;
  };
  struct Derived;

  void derive(const FileHeader& header, Derived& derived) const;

  // Looked up once and copied: looking up takes OpenSSL longer than the work, and leaves memory
  // behind with RocksDB's threads, which may end after OpenSSL does.
  std::shared_ptr<EVP_CIPHER> algorithm_;
  std::unique_ptr<EVP_MAC_CTX, FreeMac> mac_;
};

// Encrypts or decrypts (the same operation) any part of one file. Safe from any thread.
class FileCipher {
 public:
  ~FileCipher();
  FileCipher(const FileCipher&) = delete;
  FileCipher& operator=(const FileCipher&) = delete;

  // `offset` counts from the end of the header. `from` and `into` may be the same place.
  void transform(std::uint64_t offset, std::string_view from, char* into);

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const;
  };
  using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

  friend class TableCipher;

  FileCipher(std::shared_ptr<EVP_CIPHER> algorithm, const Key& file_key)
      : algorithm_(std::move(algorithm)), file_key_(file_key) {}

  Context borrow();
  void give_back(Context context);

  std::shared_ptr<EVP_CIPHER> algorithm_;
  Key file_key_;
  std::mutex mutex_;
  std::vector<Context> idle_;  // With the key set: scheduling it costs more than a small read.
};

}  // namespace holdfast::env::rocksdb
