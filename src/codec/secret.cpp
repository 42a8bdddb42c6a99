#include "codec/secret.h"

#include "base/check.h"

#include <openssl/crypto.h>

#include <cstring>

namespace holdfast::codec {

void wipe(MutableByteView secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
}

bool equal_in_constant_time(ByteView one, ByteView other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) {
  wipe(other.bytes_);
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

SecretKey::~SecretKey() {
  wipe(bytes_);
}

SecretKey SecretKey::from(ByteView bytes) {
  check(bytes.size() == size, "a secret key has 32 bytes");
  SecretKey key;
  std::memcpy(key.bytes_.data(), bytes.data(), size);
  return key;
}

}  // namespace holdfast::codec
