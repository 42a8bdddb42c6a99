#include "codec/kdf.h"

#include "base/check.h"

#include <argon2.h>
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <limits>
#include <memory>

namespace holdfast::codec {
namespace {

constexpr std::size_t hkdf_bytes_max = 255 * 32;

struct FreeContext {
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

const EVP_KDF* hkdf() {
  static EVP_KDF* const fetched = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  return fetched;
}

// OpenSSL's parameters are not const, but it only reads them.
OSSL_PARAM parameter(const char* name, ByteView value) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::byte*>(value.data()),
                                           value.size());
}

std::uint8_t* unconst(ByteView bytes) {
  return reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(bytes.data()));
}

}  // namespace

void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, MutableByteView out) {
  check(!out.empty() && out.size() <= hkdf_bytes_max, "HKDF makes 1 to 8,160 bytes");
  const std::unique_ptr<EVP_KDF_CTX, FreeContext> context(
      EVP_KDF_CTX_new(const_cast<EVP_KDF*>(hkdf())));
  check(context != nullptr, "HKDF is there");
  char digest[] = "SHA256";
  // Missing and empty salts are the same to HKDF, but OpenSSL takes no null pointer for a value.
  OSSL_PARAM parameters[5];
  std::size_t count = 0;
  parameters[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  parameters[count++] = parameter(OSSL_KDF_PARAM_KEY, secret);
  if (!salt.empty()) parameters[count++] = parameter(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) parameters[count++] = parameter(OSSL_KDF_PARAM_INFO, info);
  parameters[count] = OSSL_PARAM_construct_end();
  const int done = EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()),
                                  out.size(), parameters);
  check(done == 1, "HKDF works");
}

SecretKey hkdf_derive(const SecretKey& key, ByteView info) {
  SecretKey derived;
  hkdf_sha256(key.view(), {}, info, derived.writable());
  return derived;
}

bool Argon2Parameters::is_valid() const {
  return memory_kib >= argon2_memory_kib_min && memory_kib <= argon2_memory_kib_max &&
         passes >= 1 && passes <= argon2_passes_max && lanes >= 1 && lanes <= argon2_lanes_max;
}

Result<SecretKey> argon2id(ByteView password, ByteView salt, const Argon2Parameters& parameters) {
  if (!parameters.is_valid()) {
    return fail(ErrorCode::invalid,
                fmt::format("Argon2id: {} KiB, {} passes, {} lanes are outside the limits",
                            parameters.memory_kib, parameters.passes, parameters.lanes));
  }
  if (salt.size() < argon2_salt_bytes_min || salt.size() > kib) {
    return fail(ErrorCode::invalid, "Argon2id: a salt has 8 to 1,024 bytes");
  }
  if (password.size() > mib) return fail(ErrorCode::invalid, "Argon2id: more than 1 MiB to hash");
  SecretKey key;
  argon2_context context{};
  context.out = unconst(key.writable());
  context.outlen = SecretKey::size;
  context.pwd = unconst(password);
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = unconst(salt);
  context.saltlen = static_cast<std::uint32_t>(salt.size());
  context.t_cost = parameters.passes;
  context.m_cost = parameters.memory_kib;
  context.lanes = parameters.lanes;
  // Lanes change the result, threads only the time: threads of its own would escape the workers.
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  context.flags = ARGON2_DEFAULT_FLAGS;
  const int outcome = argon2id_ctx(&context);
  if (outcome == ARGON2_MEMORY_ALLOCATION_ERROR) {
    return fail(ErrorCode::unavailable,
                fmt::format("Argon2id: no room for {} KiB", parameters.memory_kib));
  }
  check(outcome == ARGON2_OK, "Argon2id works");
  return key;
}

}  // namespace holdfast::codec
