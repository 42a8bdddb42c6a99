#include "env/rocksdb/file_cipher.h"

#include "base/check.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace holdfast::env::rocksdb {
namespace {

constexpr std::string_view magic = "hf-table";
constexpr std::byte version{1};

// Where the fields of a header begin.
constexpr std::size_t version_at = 8;
constexpr std::size_t nonce_at = 16;
constexpr std::size_t check_at = 40;
constexpr std::size_t sum_at = 56;

static_assert(std::endian::native == std::endian::little, "the checksum is stored little-endian");

constexpr std::size_t block_bytes = 16;
constexpr std::size_t piece_bytes_max = mib;  // OpenSSL counts in int.
constexpr std::size_t idle_contexts_max = 8;

using CheckValue = std::array<std::byte, sum_at - check_at>;

unsigned char* as_unsigned(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* as_unsigned(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

// CRC-32C of all before it tells a damaged header from a wrong key.
std::uint32_t sum(const FileHeader& header) {
  std::uint32_t crc = ~0U;
  for (const std::byte byte : std::span(header).first(sum_at)) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

}  // namespace

struct TableCipher::Derived {
  Derived() = default;
  Derived(const Derived&) = delete;
  Derived& operator=(const Derived&) = delete;
  ~Derived() { OPENSSL_cleanse(file_key.data(), file_key.size()); }

  Key file_key;
  CheckValue check;
};

TableCipher::TableCipher(const Key& key)
    : algorithm_(EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr), EVP_CIPHER_free) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  mac_.reset(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  check(algorithm_ != nullptr && mac_ != nullptr &&
            EVP_MAC_init(mac_.get(), as_unsigned(key.data()), key.size(), parameters) == 1,
        "OpenSSL has AES-256-CTR and HMAC-SHA256");
}

void TableCipher::FreeMac::operator()(EVP_MAC_CTX* mac) const {
  EVP_MAC_CTX_free(mac);
}

// The expanding half of HKDF-SHA256 (RFC 5869); the table's key needs no extracting.
void TableCipher::derive(const FileHeader& header, Derived& derived) const {
  static constexpr std::string_view purpose = "holdfast table file";
  std::array<std::byte, 32> block;
  std::size_t block_size = 0;
  const auto expand = [&](unsigned char number) {
    const std::unique_ptr<EVP_MAC_CTX, FreeMac> mac(EVP_MAC_CTX_dup(mac_.get()));
    const bool is_well =
        mac != nullptr && EVP_MAC_update(mac.get(), as_unsigned(block.data()), block_size) == 1 &&
        EVP_MAC_update(mac.get(), as_unsigned(as_bytes(purpose).data()), purpose.size()) == 1 &&
        EVP_MAC_update(mac.get(), as_unsigned(header.data()), check_at) == 1 &&
        EVP_MAC_update(mac.get(), &number, 1) == 1 &&
        EVP_MAC_final(mac.get(), as_unsigned(block.data()), &block_size, block.size()) == 1;
    check(is_well && block_size == block.size(), "OpenSSL derives keys");
  };
  expand(1);
  std::memcpy(derived.file_key.data(), block.data(), derived.file_key.size());
  expand(2);
  std::memcpy(derived.check.data(), block.data(), derived.check.size());
  OPENSSL_cleanse(block.data(), block.size());
}

std::unique_ptr<FileCipher> TableCipher::create_file(FileHeader& header) const {
  header = {};
  std::memcpy(header.data(), magic.data(), magic.size());
  header[version_at] = version;
  // So few bytes come whole once the machine is up. OpenSSL's generator would keep a state for each
  // of RocksDB's threads.
  constexpr auto nonce_bytes = static_cast<ssize_t>(check_at - nonce_at);
  check(getrandom(header.data() + nonce_at, nonce_bytes, 0) == nonce_bytes,
        "the system gives random bytes");
  Derived derived;
  derive(header, derived);
  std::memcpy(header.data() + check_at, derived.check.data(), derived.check.size());
  const std::uint32_t crc = sum(header);
  std::memcpy(header.data() + sum_at, &crc, sizeof crc);
  return std::unique_ptr<FileCipher>(new FileCipher(algorithm_, derived.file_key));
}

Result<std::unique_ptr<FileCipher>> TableCipher::open_file(const FileHeader& header) const {
  if (std::memcmp(header.data(), magic.data(), magic.size()) != 0) {
    return fail(ErrorCode::corrupt, "not a file of a table");
  }
  const std::uint32_t crc = sum(header);
  const auto rest = std::span(header).subspan(sum_at + sizeof crc);
  const auto is_set = [](std::byte byte) { return byte != std::byte{0}; };
  if (std::memcmp(header.data() + sum_at, &crc, sizeof crc) != 0 ||
      std::any_of(rest.begin(), rest.end(), is_set)) {
    return fail(ErrorCode::corrupt, "damaged header");
  }
  const auto fixed = std::span(header).subspan(version_at, nonce_at - version_at);
  if (fixed[0] != version || std::any_of(fixed.begin() + 1, fixed.end(), is_set)) {
    return fail(ErrorCode::unsupported, "written by a newer release");
  }
  Derived derived;
  derive(header, derived);
  if (CRYPTO_memcmp(header.data() + check_at, derived.check.data(), derived.check.size()) != 0) {
    return fail(ErrorCode::denied, "encrypted under another key");
  }
  return std::unique_ptr<FileCipher>(new FileCipher(algorithm_, derived.file_key));
}

FileCipher::~FileCipher() {
  OPENSSL_cleanse(file_key_.data(), file_key_.size());
}

void FileCipher::Free::operator()(EVP_CIPHER_CTX* context) const {
  EVP_CIPHER_CTX_free(context);
}

FileCipher::Context FileCipher::borrow() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      Context context = std::move(idle_.back());
      idle_.pop_back();
      return context;
    }
  }
  Context context(EVP_CIPHER_CTX_new());
  check(context != nullptr &&
            EVP_EncryptInit_ex2(context.get(), algorithm_.get(), as_unsigned(file_key_.data()),
                                nullptr, nullptr) == 1,
        "OpenSSL takes the key");
  return context;
}

void FileCipher::give_back(Context context) {
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < idle_contexts_max) idle_.push_back(std::move(context));
}

void FileCipher::transform(std::uint64_t offset, std::string_view from, char* into) {
  if (from.empty()) return;
  Context context = borrow();

  // The counter is the number of the block, big-endian; no file has 2^64 blocks.
  std::array<unsigned char, block_bytes> counter{};
  std::uint64_t block = offset / block_bytes;
  for (std::size_t i = block_bytes; block != 0; block >>= 8) {
    counter[--i] = static_cast<unsigned char>(block & 0xff);
  }
  bool is_well = EVP_EncryptInit_ex2(context.get(), nullptr, nullptr, counter.data(), nullptr) == 1;

  int size = 0;
  if (const auto skip = static_cast<int>(offset % block_bytes); skip != 0) {
    std::array<unsigned char, block_bytes> passed{};
    is_well =
        is_well && EVP_EncryptUpdate(context.get(), passed.data(), &size, passed.data(), skip) == 1;
  }
  while (is_well && !from.empty()) {
    const auto piece = from.substr(0, piece_bytes_max);
    is_well = EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char*>(into), &size,
                                reinterpret_cast<const unsigned char*>(piece.data()),
                                static_cast<int>(piece.size())) == 1;
    into += piece.size();
    from.remove_prefix(piece.size());
  }
  check(is_well, "OpenSSL encrypts");
  give_back(std::move(context));
}

}  // namespace holdfast::env::rocksdb
